/** What a document claims to fulfil (BT-24): EN 16931 alone, or the rules that a network or country adds to it. */
export type Profile = 'en16931' | 'peppol' | 'xrechnung';

/** What a document can be written as. Peppol takes UBL only. */
export const forms = [
  { syntax: 'ubl', profile: 'en16931' },
  { syntax: 'cii', profile: 'en16931' },
  { syntax: 'ubl', profile: 'peppol' },
  { syntax: 'ubl', profile: 'xrechnung' },
  { syntax: 'cii', profile: 'xrechnung' },
] as const;
export type Form = (typeof forms)[number];

/** https://docs.peppol.eu/poacc/billing/3.0/ and https://xeinkauf.de/xrechnung/ */
export const customizationIds: Record<Profile, string> = {
  en16931: 'urn:cen.eu:en16931:2017',
  peppol: 'urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0',
  xrechnung: 'urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0',
};

/** The business process (BT-23), which Peppol and XRechnung demand. */
export const processId = 'urn:fdc:peppol.eu:2017:poacc:billing:01:1.0';
