/** An interface name as part of a sysctl key: a dot is written as a slash (sysctl(8)). */
export function sysctlName(link: string): string {
  return link.replaceAll('.', '/');
}
