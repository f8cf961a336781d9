/** A migration, bundled as text. */
declare module '*.sql' {
  const text: string
  export default text
}

/** A script for the server of a store, bundled as text. */
declare module '*.lua' {
  const text: string
  export default text
}

/** The completion of a shell, bundled as text. */
declare module '*.bash' {
  const text: string
  export default text
}
declare module '*.zsh' {
  const text: string
  export default text
}
declare module '*.fish' {
  const text: string
  export default text
}
