/** The double of Zervigo with argv[2] users, whose answers take argv[3] milliseconds. Tells its parent the settings of a source that reads them. */
import { makeData } from '../../samples/zervigo/data.ts'
import { ADMIN, startZervigo } from '../../samples/zervigo/double.ts'

const zervigo = await startZervigo({ data: makeData(Number(process.argv[2])) })
zervigo.traps.slowMs = Number(process.argv[3])
// Users alone: jobs are asked for one by one, which no store could be slower than.
const { auth, users } = zervigo.urls
process.send!({ generation: 'C', urls: { auth, users }, ...ADMIN })
process.once('disconnect', () => void zervigo.close())
