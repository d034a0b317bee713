/**
 * Why a text is not accepted; undefined when it is. Refused are characters that nobody can see, that other programs
 * would show differently, and that would not arrive as they were sent.
 */
export function unfitCharactersOf(text: string): string | undefined {
  if (!text.isWellFormed()) return 'has a lone surrogate, which is no character';
  if (controlsAndOverrides.test(text)) return 'has a control character, such as a line break';
  if (text.includes('\ufffd'))
    return 'has U+FFFD, which stands for bytes that were no UTF-8 when the text was read: send it in UTF-8';
  if (notCarried.test(text)) return 'has U+FFFE or U+FFFF, which are no characters';
  return undefined;
}

/** C0 and C1 controls, and the overrides that make a text look different from what is stored. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the refused characters
const controlsAndOverrides = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/**
 * SQS accepts only characters that XML has.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
const notCarried = /[\ufffe\uffff]/;

/** Whether a text shows anything: a name on an invoice has to be visible. */
export const isVisible = (text: string): boolean => !showsNothing.test(text);

/**
 * White space; ignorable characters such as zero-width ones, soft hyphens, Hangul fillers and tags
 * (https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point); annotations; and characters that are blank by
 * their name, in Braille, musical notation, Khitan and hieroglyphs.
 */
const showsNothing =
  /^(?:[\p{White_Space}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb\u2800\u{1d159}\u{16fe4}\u{13441}\u{13442}])*$/u;
