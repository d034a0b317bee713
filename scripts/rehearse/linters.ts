import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../processes.ts';

/**
 * What cfn-lint and checkov find in packaged templates, without what packages/topology/cfnlint.yml and checkov.yml explain.
 *
 * @param programs folder with both
 * @param templates by service
 * @param folder for copies with short names: checkov looks for secrets in a template's path, too, and takes 40 letters and
 *   slashes in a row for a key
 * @throws when a template is not there, or one of them does not run to its end
 */
export async function lint(
  programs: string,
  repository: string,
  templates: Record<string, string>,
  folder: string,
): Promise<string[]> {
  const configuration = (name: string) => join(repository, 'packages/topology', name);
  await mkdir(folder, { recursive: true });
  const files = Object.keys(templates).map((service) => `${service}.json`);
  for (const [service, template] of Object.entries(templates)) {
    await cp(template, join(folder, `${service}.json`));
  }
  const [cfnLint, checkov] = await Promise.all([
    run(
      join(programs, 'cfn-lint'),
      [
        ...[
          '--config-file',
          configuration('cfnlint.yml'),
          '--format',
          'parseable',
          '--non-zero-exit-code',
          'informational',
        ],
        ...['--template', ...files],
      ],
      { cwd: folder },
    ),
    run(
      join(programs, 'checkov'),
      [
        ...[
          '--config-file',
          configuration('checkov.yml'),
          '--skip-download',
          '--compact',
          '--output',
          'json',
        ],
        ...['--file', ...files],
      ],
      { cwd: folder },
    ),
  ]);
  return [...cfnLintFindings(cfnLint), ...checkovFindings(checkov.output)];
}

function cfnLintFindings({ code, output }: { code: number | null; output: string }): string[] {
  const lines = output.split('\n').filter((line) => line !== '');
  if (code === 0 && lines.length === 0) return [];
  const findings = lines.filter((line) => /:[EWI]\d{4}:/.test(line));
  if (findings.length === 0) throw new Error(`cfn-lint ended with ${code}:\n${output}`);
  return findings.map((line) => `cfn-lint: ${line}`);
}

type CheckovReport = {
  results: {
    failed_checks: {
      check_id: string;
      check_name: string;
      file_path: string;
      resource: string;
      check_result: { evaluated_keys: string[] };
    }[];
  };
  summary: { passed: number };
};

function checkovFindings(output: string): string[] {
  const report = JSON.parse(output.slice(output.search(/^[[{]/m))) as CheckovReport | CheckovReport[];
  return [report].flat().flatMap(({ results, summary }) => {
    if (!(summary.passed > 0)) throw new Error('checkov has checked nothing.');
    return results.failed_checks.map(
      ({ check_id, check_name, file_path, resource, check_result }) =>
        `checkov: ${check_id} ${file_path} ${resource} ${check_result.evaluated_keys}: ${check_name}`,
    );
  });
}
