import { describe, expect, test } from 'vitest';
import { deb822Source, oneLineSource } from './debian.mjs';

const DEB822 = `Types: deb
# the mirror
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
`;

describe('another release is fetched from the mirror that the machine uses', () => {
  test('deb822 sources: the first stanza with its suites replaced', () => {
    const source = deb822Source(DEB822, 'bullseye');
    expect(source).toContain('URIs: http://mirror.example/debian\n');
    expect(source).toContain('Suites: bullseye\n');
    expect(source).not.toContain('security');
  });

  test('one-line sources: the first deb line with its suite replaced and its options kept', () => {
    const text = [
      '# comment',
      'deb-src http://m bookworm main',
      'deb [signed-by=/k] http://m bookworm main',
      '',
    ].join('\n');
    expect(oneLineSource(text, 'bullseye')).toBe('deb [signed-by=/k] http://m bullseye main\n');
  });

  test('no source is a reason, not a guess', () => {
    expect(() => deb822Source('', 'bullseye')).toThrow('no Debian source');
    expect(() => oneLineSource('', 'bullseye')).toThrow('no Debian source');
  });
});
