/** Starts the monolith: `node bench/monolith/main.ts`, with PORT, and with DATABASE_URL of a PostgreSQL server if there is one. */
import { startMonolith } from './monolith.ts';

const { PORT = '4000', DATABASE_URL } = process.env;
const { url, stop } = await startMonolith(Number(PORT), DATABASE_URL);
console.error(`monolith is ready at ${url}`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
