/** `npm run chaos -- NAME [options]` */
import { launch } from '../bench/parts/launch.ts'

process.exitCode = await launch(import.meta.dirname, process.argv.slice(2))
