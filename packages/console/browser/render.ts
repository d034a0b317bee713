import { render, type TemplateResult } from 'lit-html';

let show: () => TemplateResult;
let isDue = false;

/** Shows what `template` makes of the state, now and after each change. */
export function renderAlways(template: () => TemplateResult): void {
  show = template;
  changedNow();
}

/** All is shown anew at once. What a view's fields hold is set before anybody can type, however late the next frame is. */
export function changedNow(): void {
  render(show(), document.body);
}

/** The state has changed: all is shown anew with the next frame. */
export function changed(): void {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    changedNow();
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
