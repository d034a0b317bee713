import { render, type TemplateResult } from 'lit-html';

let show: () => TemplateResult;
let isDue = false;

/** Shows what `template` makes of the state, now and after each change. */
export function renderAlways(template: () => TemplateResult): void {
  show = template;
  changed();
}

/** The state has changed: all is shown anew with the next frame. */
export function changed(): void {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    render(show(), document.body);
  });
}

let isDueSoon = false;

/** The same for what changes all the time: five times a second at most, which is a fifth of a core at 1,000 events a minute. */
export function changedSoon(): void {
  if (isDueSoon) return;
  isDueSoon = true;
  setTimeout(() => {
    isDueSoon = false;
    changed();
  }, 200);
}
