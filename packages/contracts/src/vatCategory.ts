/** Categories of VAT (UNCL5305) that EN 16931 has, without B, which only split payment in Italy knows. */
export const vatCategories = ['S', 'Z', 'E', 'AE', 'K', 'G', 'O', 'L', 'M'] as const;
export type VatCategory = (typeof vatCategories)[number];
