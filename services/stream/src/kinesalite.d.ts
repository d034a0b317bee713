/** It has no types of its own (3.3.3). */
declare module 'kinesalite' {
  import type { Server } from 'node:http';

  export default function kinesalite(options?: { createStreamMs?: number }): Server;
}
