/** The events that payments hears, and all that it hears: the topic's filter and the consumer both read this. */
export const hears = /** @type {const} */ (['invoice.issued.v1', 'credit-note.issued.v1']);
