/**
 * What a command prints with `--json`: one object on one line, as docs/schema/v1.json describes it. Nothing in it is a
 * sentence to parse. New keys may come within a version; what is there keeps its name and meaning.
 */

import { safeText } from '../safe-text.ts'

const SCHEMA_VERSION = 1

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

export function jsonDocument(kind: string, content: JsonObject): string {
  const text = JSON.stringify({ version: SCHEMA_VERSION, kind, ...content })
  // What must not be sent to a terminal is written by its number: a reader of JSON gets it back as it was.
  return text.replace(/[^ -~]/g, character =>
    safeText(character) === character ? character : escaped(character),
  )
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** An instant as RFC 3339 has it, in UTC: `2026-11-24T18:30:00.000Z`. */
export function time(at: number): string
export function time(at: number | null): string | null
export function time(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}

/** Whole or broken seconds, never less than none. */
export function seconds(ms: number): number {
  return Math.max(0, ms) / 1000
}
