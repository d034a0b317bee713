import { readdirSync, readFileSync } from 'node:fs';

/** What a process took so far, and has now. */
export type ProcessUse = { pid: number; parentPid: number; command: string; cpuMs: number; rssMb: number };

/** Linux counts a process's time in hundredths of a second, and its memory in pages. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
const msPerTick = 10;
const mbPerPage = 4096 / 1024 / 1024;

/** A process and all that descend from it: none where there is no /proc. */
export function processTree(pid: number): ProcessUse[] {
  const all = readProcesses();
  const below = (parent: number): ProcessUse[] =>
    all.filter(({ parentPid }) => parentPid === parent).flatMap((each) => [each, ...below(each.pid)]);
  return [...all.filter((each) => each.pid === pid), ...below(pid)];
}

/**
 * A process's memory, where pages that several have count in parts (PSS): summed over processes, it is what they take
 * together. Where the system does not say it, what each has alone (RSS).
 */
export function memoryMbOf({ pid, rssMb }: ProcessUse): number {
  try {
    const [, kilobytes] = /^Pss: +(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? [];
    return kilobytes === undefined ? rssMb : Number(kilobytes) / 1024;
  } catch {
    return rssMb; // ended meanwhile, or belongs to somebody else
  }
}

function readProcesses(): ProcessUse[] {
  let names: string[];
  try {
    names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    try {
      // The command is in parentheses, and may hold anything.
      const [, command = '', rest = ''] =
        /^\d+ \((.*)\) (.*)$/s.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? [];
      const fields = rest.split(' ');
      return [
        {
          pid: Number(name),
          parentPid: Number(fields[1]),
          command,
          cpuMs: (Number(fields[11]) + Number(fields[12])) * msPerTick,
          rssMb: Number(fields[21]) * mbPerPage,
        },
      ];
    } catch {
      return []; // ended meanwhile
    }
  });
}
