/** Child process of stores.test.ts: writes documents to the file it is given and says each id only after the store has acknowledged it. */
import { openDocuments } from '../src/stores/documents.sqlite.ts'
import { talent } from './contracts/suite.ts'

const [path = '', prefix = '', count = '0'] = process.argv.slice(2)
const documents = openDocuments(path)
for (let i = 0; i < Number(count); i++) {
  const id = `${prefix}${i}`
  await documents.put('a', [{ kind: 'talent', id, data: talent({ name: id }), source: { by: 'api' } }])
  process.stdout.write(`${id}\n`)
}
documents.close()
