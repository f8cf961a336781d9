import Ajv2020 from 'ajv/dist/2020.js'
import { documentText } from './documents.ts'

const schema = JSON.parse(documentText('docs/schema/v1.json')) as object

/** What others take in by `allOf`. */
const PARTS = new Set(['report_totals', 'host_status'])

// The pattern beside each `format` says it more strictly.
const validate = new Ajv2020({
  strict: true,
  strictRequired: false,
  allErrors: true,
  allowUnionTypes: true,
  validateFormats: false,
})
const asDocumented = validate.compile(schema)
const withoutMore = validate.compile(closed(schema) as object)

/**
 * What is wrong with a document by the schema that we publish, and which keys it has that the schema does not describe.
 * Others may meet keys that are new to them; what comes from here must not have any.
 */
export function wrongIn(document: unknown): string[] {
  const wrong = asDocumented(document) ? [] : (asDocumented.errors ?? [])
  const more = withoutMore(document) ? [] : (withoutMore.errors ?? [])
  return [...wrong, ...more].map(({ instancePath, message, params }) =>
    [instancePath, message, JSON.stringify(params)].join(' '),
  )
}

/** What a command has printed with `--json`: one object on one line that is as documented, and nothing else. */
export function documentIn(stdout: string): Record<string, unknown> {
  if (!/^\{[^\n]*\}\n$/.test(stdout)) throw new Error(`not one object on one line: ${JSON.stringify(stdout)}`)
  const document = JSON.parse(stdout) as Record<string, unknown>
  const wrong = wrongIn(document)
  if (wrong.length > 0) throw new Error(`${wrong.join('\n')}\n${stdout}`)
  return document
}

/** The schema with no room for keys that it does not name; what is a part of something larger stays as it is. */
function closed(schema: unknown, name = ''): unknown {
  if (Array.isArray(schema)) return schema.map(part => closed(part))
  if (typeof schema !== 'object' || schema === null) return schema
  const entries = Object.entries(schema).map(([key, value]) => [key, closed(value, key)])
  const isWhole = 'properties' in schema && 'type' in schema && !PARTS.has(name)
  return Object.fromEntries([...entries, ...(isWhole ? [['unevaluatedProperties', false]] : [])])
}
