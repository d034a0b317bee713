import { base64Of, bytesOf, textOf, utf8 } from '@fanfold/verify/bytes';

/** What of a proof file can be changed, to see that it is found out. */
export type Part = { name: string; change(file: string): string };

const lineOf = (file: string, begin: (line: string, i: number) => boolean) =>
  file.split('\n').findIndex(begin);

/** Changes a bit of the last word of a line, which is base64. */
function inLine(file: string, i: number, at: (bytes: Uint8Array) => number): string {
  const lines = file.split('\n');
  const [base64 = '', ...before] = (lines[i] ?? '').split(' ').toReversed();
  const bytes = bytesOf(base64, 'line');
  const place = at(bytes);
  bytes[place] = (bytes[place] ?? 0) ^ 1;
  return lines.with(i, [...before.toReversed(), base64Of(bytes)].join(' ')).join('\n');
}

const inMiddle = (bytes: Uint8Array) => Math.floor(bytes.length / 2);

/** Changes a character in a text of the second line, which is JSON in base64. */
function inOpening(file: string, member: 'event' | 'entry'): string {
  const lines = file.split('\n');
  const opening = JSON.parse(textOf(bytesOf((lines[1] ?? '').slice('extra '.length), 'extra'), 'extra'));
  const text: string = opening[member];
  const at = text.search(/\d/);
  const digit = text[at] === '1' ? '2' : '1';
  opening[member] = text.slice(0, at) + digit + text.slice(at + 1);
  return lines.with(1, `extra ${base64Of(utf8(JSON.stringify(opening)))}`).join('\n');
}

export function partsOf(file: string, isErased: boolean): Part[] {
  const end = lineOf(file, (line) => line === '');
  const hashes = Array.from({ length: end - 3 }, (_, i) => ({
    name: `hash ${i + 1}`,
    change: (text: string) => inLine(text, 3 + i, inMiddle),
  }));
  return [
    ...(isErased ? [] : [{ name: 'the event', change: (text: string) => inOpening(text, 'event') }]),
    { name: 'the entry', change: (text) => inOpening(text, 'entry') },
    ...hashes,
    { name: 'the root', change: (text) => inLine(text, end + 3, inMiddle) },
    { name: 'the signature', change: (text) => inLine(text, end + 5, ({ length }) => length - 1) },
  ];
}
