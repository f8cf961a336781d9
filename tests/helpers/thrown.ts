/** What a function throws, which must be of the given class. A bug that throws something else comes out as it is. */
export function thrownBy<E extends Error>(act: () => unknown, kind: abstract new (...args: never[]) => E): E {
  let result: unknown
  try {
    result = act()
  } catch (error) {
    if (error instanceof kind) return error
    throw error
  }
  throw new Error(`expected a ${kind.name}, got ${Bun.inspect(result)}`)
}
