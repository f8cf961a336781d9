/** Waits until a condition holds, asking every few milliseconds. @throws when it does not hold within a generous time */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`still not so after ${timeoutMs} ms: ${condition}`)
    await Bun.sleep(5)
  }
}
