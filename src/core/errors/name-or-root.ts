/** Those who may do what is for one user and for root: `alice or root`. */
export function nameOrRoot(name: string): string {
  return name === 'root' ? 'root' : `${name} or root`
}
