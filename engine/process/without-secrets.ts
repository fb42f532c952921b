/** The same facts, of bounded size, without what opens anything: words of our own, keys of storage, signed addresses, passwords. */
export function withoutSecrets(facts: unknown, depth = 0): unknown {
  if (typeof facts === 'string') return SECRETS.reduce((text, secret) => text.replace(secret, HIDDEN), cut(facts));
  if (facts === null || typeof facts !== 'object') return facts;
  if (depth > DEPTH_MAX) return CUT;
  if (Array.isArray(facts)) return facts.map((one) => withoutSecrets(one, depth + 1));
  if ('toJSON' in facts && typeof facts.toJSON === 'function') return withoutSecrets(facts.toJSON(), depth + 1);
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [
      cut(name),
      SECRET_NAME.test(name) ? HIDDEN : withoutSecrets(value, depth + 1),
    ]),
  );
}

const cut = (text: string): string => (text.length <= LETTERS_MAX ? text : `${text.slice(0, LETTERS_MAX)}${CUT}`);

const HIDDEN = '[secret]';
const CUT = '…';
const DEPTH_MAX = 6;
const LETTERS_MAX = 4_000;

/** Of a field whose whole value is one. */
const SECRET_NAME = /passw|secret|authorization|session_?token|recovery_?key/i;

const SECRETS = [
  /(?<=X-Amz-(?:Signature|Security-Token|Credential)=)[^&\s"'\\]+/gi,
  /(?<=:\/\/)[^/\s"'@:]+:[^/\s"'@]+(?=@)/g,
  /(?<=\bBearer )[\w.~+/=-]+/gi,
  /\bdm[a-z]_[A-Za-z0-9-]{1,80}_[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/g,
  /(?<=(?:secret_?access_?key|session_?token|passw(?:or)?d)["']?\s?[=:]\s?["']?)[^\s"',;]+/gi,
];
