/** The paths on which something is mounted, from the text of /proc/self/mountinfo (proc_pid_mountinfo(5)). */
export function parseMountPoints(text: string): string[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => unescapeOctal(line.split(' ')[4] ?? ''));
}

/** Blanks, tabs, line breaks and backslashes are written as three octal digits. */
function unescapeOctal(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
