declare module 'pdfkit/browser' {
  export { default } from 'pdfkit';
}

declare module 'linebreak' {
  export default class LineBreaker {
    constructor(text: string);
    nextBreak(): { position: number; required: boolean } | null;
  }
}
