import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { problemsOf, problemsOfEdit, typeNamedIn } from './problems.ts';

const exampleOf = (type: string) =>
  JSON.parse(readFileSync(new URL(`../examples/${type}.json`, import.meta.url), 'utf8'));
const example = exampleOf('payment.captured.v1');
const refunded = exampleOf('payment.refunded.v1');
const text = (changes: object = {}) => JSON.stringify({ ...example, ...changes });

describe('what keeps a text from being an event', () => {
  it('is nothing of an event', () => {
    expect(problemsOf(text())).toEqual([]);
    expect(typeNamedIn(text())).toBe('payment.captured.v1');
  });

  it.each<[what: string, text: string, problem: object]>([
    ['no JSON', '{', { pointer: '', detail: expect.stringContaining('It is not JSON') }],
    ['no object', 'null', { pointer: '/type' }],
    ['no type', text({ type: undefined }), { pointer: '/type' }],
    ['the name of what every object has', text({ type: 'constructor' }), { pointer: '/type' }],
    ['too much', text({ more: 'x'.repeat(50_000) }), { pointer: '', detail: expect.stringMatching(/bytes/) }],
    ['a member that is wrong', text({ data: { ...example.data, amount: '1' } }), { pointer: '/data/amount' }],
    ['another id than its own', text({ id: 'pay_1:7' }), { pointer: '/id' }],
  ])('is told with its place: %s', (_, text, problem) => {
    expect(problemsOf(text)).toEqual([expect.objectContaining(problem)]);
  });
});

describe('what keeps a text from being sent instead of another', () => {
  it('is nothing when it is an event that the other one was to be', () => {
    const broken = text({ data: { ...example.data, amount: 'much' } });
    for (const original of [broken, '{ cut off', 'null', text({ sequence: 3 }), text({ id: 'mistyped' })]) {
      expect(problemsOfEdit(original, text()), original).toEqual([]);
    }
  });

  it('is that nothing was edited, however it is written', () => {
    expect(problemsOfEdit(text(), JSON.stringify(example, null, 2))).toEqual([
      { pointer: '', detail: 'It is what it was: redrive it instead.' },
    ]);
  });

  it.each<[what: string, changes: object, pointer: string]>([
    ['another merchant’s', { merchantid: 'globex' }, '/merchantid'],
    ['another event', { id: 'pay_1:1', subject: 'pay_1' }, '/id'],
    ['the next event', { id: `${example.subject}:3`, sequence: '0000000003' }, '/id'],
  ])('is that it is %s', (_, changes, pointer) => {
    const edited = text({ ...changes, data: { ...example.data, amount: 1 } });
    expect(problemsOfEdit(text(), edited).map((problem) => problem.pointer)).toContain(pointer);
  });

  it.each<[what: string, data: object, pointer: string]>([
    ['another payment', { paymentId: 'pay_another' }, '/data/paymentId'],
    ['no payment', { paymentId: undefined }, '/data/paymentId'],
    ['another refund', { refund: { ...refunded.data.refund, id: 're_another' } }, '/data/refund/id'],
    ['no refund', { refund: null }, '/data/refund/id'],
  ])('is that it moves to %s', (_, changes, pointer) => {
    const broken = { ...refunded, data: { ...refunded.data, amount: 'much' } };
    const problems = (data: object) =>
      problemsOfEdit(JSON.stringify(broken), JSON.stringify({ ...refunded, data }));
    expect(problems(refunded.data)).toEqual([]);
    const moved = problems({ ...refunded.data, ...changes });
    expect(moved.filter(({ detail }) => detail.startsWith('It has to stay '))).toEqual([
      expect.objectContaining({ pointer }),
    ]);
  });

  it('is nothing when the payment and the refund get an id instead of what is none', () => {
    const data = { ...refunded.data, paymentId: 7, refund: { ...refunded.data.refund, id: '' } };
    expect(problemsOfEdit(JSON.stringify({ ...refunded, data }), JSON.stringify(refunded))).toEqual([]);
  });
});
