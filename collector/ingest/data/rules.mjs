// Writes uap-core's rules as lines for user_agent.cpp: kind, flags, pattern, name, version, separated by tabs. Kinds:
// browser, system, and crawler, of which only the pattern counts.
//
//   node rules.mjs REGEXES.yaml OUT
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [source, out] = process.argv.slice(2);
// The library lies where the build has put it, beside the rules.
const { load } = createRequire(resolve(source))('js-yaml');
const rules = load(readFileSync(source, 'utf8'));

const line = (kind, rule, name, version) => {
  const fields = [kind, rule.regex_flag ?? '', rule.regex, name ?? '', version ?? ''];
  if (fields.some((field) => /[\t\n]/.test(field))) throw new Error(`a field has a tab: ${rule.regex}`);
  return fields.join('\t');
};

const lines = [
  ...rules.user_agent_parsers.map((rule) => line('browser', rule, rule.family_replacement, rule.v1_replacement)),
  ...rules.os_parsers.map((rule) => line('system', rule, rule.os_replacement, rule.os_v1_replacement)),
  ...rules.device_parsers
    .filter((rule) => rule.device_replacement === 'Spider')
    .map((rule) => line('crawler', rule)),
];
writeFileSync(out, lines.join('\n') + '\n');
