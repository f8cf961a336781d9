/**
 * A program for python3 that executes another with exactly the given environment, which a shell or `env` would tidy up:
 * `python3 -c PROGRAM ENTRY… -- FILE ARG…`, where `ENTRY` is `NAME=value`, any bytes, and a name may come twice.
 */
export const EXECVE = `
import ctypes, os, sys
words = [os.fsencode(word) for word in sys.argv[1:]]
end = words.index(b"--")
strings = lambda list: (ctypes.c_char_p * (len(list) + 1))(*list, None)
ctypes.CDLL(None).execve(words[end + 1], strings(words[end + 1:]), strings(words[:end]))
`
