import { config } from 'zod';

// To be faster, zod would make code of text, which the page may not. It asks when a schema is made, so this comes first.
config({ jitless: true });
