import { type Content, html, paragraphs } from './html.ts';

/** A JSON Schema of the documents, as far as they use it. */
export type Schema = {
  $ref?: string;
  type?: string | string[];
  description?: string;
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  maxProperties?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  anyOf?: Schema[];
  items?: Schema;
  propertyNames?: Schema;
  additionalProperties?: Schema | boolean;
};

/** How references are shown: their schema, and the anchor of the place that has its fields; in place without one. */
export type References = { resolve(ref: string): Schema; anchorOf?: (name: string) => string };

/**
 * The fields of an object, or of the objects in a list, with those within them.
 *
 * @throws when a schema has a keyword that would not be shown
 */
export function fieldList(schema: Schema, references: References): Content {
  const { properties = {}, required = [], additionalProperties } = resolved(schema, references);
  const fields = Object.entries(properties);
  if (fields.length === 0) return '';
  return html`<ul class="fields">${fields.map(([name, field]) =>
    fieldItem(name, field, required.includes(name), references),
  )}${additionalProperties === false && html`<li class="closed">Other members are refused.</li>`}</ul>`;
}

/** A field, a parameter or a header. */
export function fieldItem(
  name: string,
  field: Schema,
  required: boolean,
  references: References,
  described = field.description ?? resolved(field, references).description,
  place = '',
): Content {
  const schema = resolved(field, references);
  return html`<li><div class="field"><code class="name">${name}</code> <span class="type">${typeOf(field, references)}${place}</span>${
    required && html` <span class="required">required</span>`
  }</div>${described !== undefined && paragraphs(described)}${limits(schema)}${inside(field, references)}</li>`;
}

/** The fields of what a field has: of an object, of the items of a list, and of a map's names and values. */
function inside(field: Schema, references: References): Content {
  if (isLinked(field, references)) return '';
  const { anyOf } = resolved(field, references);
  if (anyOf) return anyOf.map((alternative) => inside(alternative, references));
  const { items, propertyNames, additionalProperties, ...schema } = resolved(field, references);
  return [
    items && [limits(resolved(items, references), 'Each: '), inside(items, references)],
    propertyNames && limits(propertyNames, 'Names: '),
    typeof additionalProperties === 'object' && limits(additionalProperties, 'Values: '),
    fieldList(
      { ...schema, ...(typeof additionalProperties === 'boolean' && { additionalProperties }) },
      references,
    ),
  ];
}

const known = new Set(
  [
    '$ref type description const enum default format pattern minLength maxLength minimum maximum minItems maxItems',
    'maxProperties properties required items propertyNames additionalProperties anyOf',
  ].flatMap((names) => names.split(' ')),
);

function resolved(schema: Schema, { resolve }: References): Schema {
  const unknown = Object.keys(schema).find((keyword) => !known.has(keyword));
  if (unknown !== undefined) {
    throw new Error(
      `The reference page does not show the keyword ${unknown}: teach it to in reference/fields.ts.`,
    );
  }
  if (schema.$ref === undefined) return schema;
  const { $ref, ...own } = schema;
  return { ...resolve($ref), ...own };
}

const nameOf = (ref: string) => ref.split('/').at(-1) as string;

const isLinked = ({ $ref, items }: Schema, { anchorOf }: References): boolean =>
  anchorOf !== undefined && ($ref ?? items?.$ref) !== undefined;

/** What it is, in a few words; what a schema refers to is linked. */
export function typeOf(schema: Schema, references: References): Content {
  const { $ref } = schema;
  if ($ref !== undefined && references.anchorOf) {
    return html`<a href="#${references.anchorOf(nameOf($ref))}">${nameOf($ref)}</a>`;
  }
  const { type, items, anyOf, const: constant } = resolved(schema, references);
  if (anyOf)
    return anyOf.flatMap((alternative, index) => [index > 0 && ' or ', typeOf(alternative, references)]);
  if (constant !== undefined) return html`always <code>${JSON.stringify(constant)}</code>`;
  const kinds = [type ?? []]
    .flat()
    .map((kind) =>
      kind === 'array' && items
        ? html`list of ${typeOf(items, references)}`
        : kind === 'array'
          ? 'list'
          : kind,
    );
  return kinds.flatMap((kind, index) => (index === 0 ? [kind] : [' or ', kind]));
}

/** Longer lists and patterns are closed at first. */
const maxShownValues = 12;
const maxShownPattern = 60;

function limits(schema: Schema, title = ''): Content {
  if (schema.anyOf)
    return schema.anyOf.map((alternative) => limits(alternative, `${title}As ${String(alternative.type)}: `));
  const { minLength, maxLength, minimum, maximum, minItems, maxItems, maxProperties, format } = schema;
  const { default: preset, pattern, enum: values } = schema;
  const words: Content[] = [
    range(minimum, maximum),
    range(minLength, maxLength, ' characters'),
    range(minItems, maxItems, ' items'),
    range(undefined, maxProperties, ' members'),
    // Every integer has it.
    format !== 'int64' && format,
    preset !== undefined && html`default <code>${JSON.stringify(preset)}</code>`,
    values && values.length <= maxShownValues && ['one of ', codes(values)],
    pattern !== undefined && pattern.length <= maxShownPattern && html`pattern <code>${pattern}</code>`,
  ].filter((word) => word !== undefined && word !== false);
  return [
    words.length > 0 &&
      html`<p class="limits">${title}${words.flatMap((word, index) => (index === 0 ? [word] : [' · ', word]))}</p>`,
    values &&
      values.length > maxShownValues &&
      html`<details><summary>${title}one of ${values.length} values</summary><p class="values">${codes(values)}</p></details>`,
    pattern !== undefined &&
      pattern.length > maxShownPattern &&
      html`<details><summary>${title}pattern</summary><p class="values"><code>${pattern}</code></p></details>`,
  ];
}

const codes = (values: unknown[]): Content =>
  values.flatMap((value, index) => [index > 0 && ' ', html`<code>${String(value)}</code>`]);

function range(least?: number, most?: number, unit = ''): string | undefined {
  const written = (value: number) => value.toLocaleString('en');
  if (most === undefined) return least === undefined ? undefined : `at least ${written(least)}${unit}`;
  return least === undefined
    ? `at most ${written(most)}${unit}`
    : `${written(least)} to ${written(most)}${unit}`;
}
