/**
 * The one error table. A code is stable: clients, receipts and dead letters carry it. `status` is the HTTP answer, `retry` tells a
 * worker what to do with an item that failed with it: `no` (final), `backoff` (try again, spends an attempt) or `park` (the cause is
 * outside the item, such as a store that is down: try later, spends no attempt).
 */
export type ErrorRow = { status: number; retry: 'no' | 'backoff' | 'park'; en: string; zh: string }

const row = (status: number, retry: ErrorRow['retry'], en: string, zh: string): ErrorRow => ({ status, retry, en, zh })

export const ERRORS = {
  // requests
  'invalid-request': row(400, 'no', 'The request is not valid; see `errors` for each fault.', '请求无效，各处错误见 errors。'),
  'malformed-json': row(400, 'no', 'The body is not valid JSON.', '请求体不是有效的 JSON。'),
  'malformed-line': row(400, 'no', 'This line is not a JSON object; the other lines were taken.', '该行不是 JSON 对象，其余各行已接收。'),
  'invalid-item': row(422, 'no', 'This item does not fit its schema; see `errors`.', '该条目不符合格式要求，见 errors。'),
  'unknown-type': row(422, 'no', 'This item has an unknown `type`; see /docs for the list.', '该条目的 type 未知，可用类型见 /docs。'),
  'too-deep': row(422, 'no', 'The JSON is nested too deeply; at most 32 levels.', 'JSON 嵌套过深，最多 32 层。'),
  'forbidden-key': row(
    422,
    'no',
    'The JSON has a forbidden key (__proto__, constructor or prototype).',
    'JSON 含有禁用的键（__proto__、constructor 或 prototype）。',
  ),
  'unsupported-media-type': row(
    415,
    'no',
    'Send application/x-ndjson, application/json or multipart/form-data.',
    '请使用 application/x-ndjson、application/json 或 multipart/form-data。',
  ),
  'empty-batch': row(422, 'no', 'The batch has no item.', '批次中没有任何条目。'),
  'too-many-items': row(
    413,
    'no',
    'Too many items in one request; send NDJSON for large batches.',
    '单次请求条目过多，大批量请用 NDJSON 提交。',
  ),
  'too-large': row(413, 'no', 'The file or body is too large.', '文件或请求体过大。'),
  'not-found': row(404, 'no', 'There is nothing here under this id.', '未找到该资源。'),
  'method-not-allowed': row(
    405,
    'no',
    'This path does not take this method; `Allow` lists those it takes.',
    '该路径不支持此方法，可用方法见 Allow。',
  ),
  'not-acceptable-now': row(409, 'no', 'Its state does not allow this; see `detail`.', '当前状态不允许此操作，详见 detail。'),
  'name-taken': row(
    409,
    'no',
    'There is one of this name already; choose another or change that one.',
    '该名称已被使用，请换一个名称或修改已有的一项。',
  ),
  'idempotency-key-reused': row(
    422,
    'no',
    'This Idempotency-Key was used with another body; choose a new key.',
    '该 Idempotency-Key 已用于不同的请求体，请更换。',
  ),
  'idempotency-in-flight': row(
    409,
    'no',
    'A request with this Idempotency-Key is still being worked on; try again shortly.',
    '使用该 Idempotency-Key 的请求仍在处理，请稍后再试。',
  ),
  'quota-exceeded': row(
    429,
    'no',
    'Too many items of this tenant are waiting; retry after the time given.',
    '该租户等待中的条目过多，请按提示时间后重试。',
  ),
  unauthenticated: row(401, 'no', 'Send a valid bearer token (looma token --help).', '请携带有效的令牌（见 looma token --help）。'),
  'token-expired': row(401, 'no', 'The token has expired; get a new one.', '令牌已过期，请重新获取。'),
  'keys-unavailable': row(
    503,
    'park',
    'The keys of the token issuer cannot be fetched; try again.',
    '暂时无法获取令牌签发方的密钥，请重试。',
  ),
  forbidden: row(403, 'no', 'Your role does not allow this.', '您的角色无权执行此操作。'),
  'queue-down': row(503, 'park', 'The queue cannot be reached; nothing was stored, try again.', '队列暂不可用，未保存任何内容，请重试。'),
  'store-down': row(503, 'park', 'A store cannot be reached; try again.', '存储暂不可用，请重试。'),
  'disk-full': row(507, 'park', 'The disk is full; free space and try again.', '磁盘空间不足，请清理后重试。'),
  'shutting-down': row(503, 'park', 'The process is shutting down; try again.', '进程正在关闭，请重试。'),
  internal: row(
    500,
    'backoff',
    'Something went wrong on our side; the request id helps to find it.',
    '服务内部错误，请提供请求编号以便排查。',
  ),
  // documents
  empty: row(422, 'no', 'The file is empty.', '文件为空。'),
  'unsupported-type': row(
    422,
    'no',
    'The content is not a type we read (PDF, DOCX, HTML, TXT, PNG, JPEG).',
    '文件内容不是可读取的类型（PDF、DOCX、HTML、TXT、PNG、JPEG）。',
  ),
  corrupt: row(422, 'no', 'The file is damaged or incomplete.', '文件已损坏或不完整。'),
  encrypted: row(422, 'no', 'The file is protected by a password.', '文件受密码保护。'),
  'no-pages': row(422, 'no', 'The document has no pages.', '文档没有页面。'),
  'no-text': row(422, 'no', 'The document has no text layer (a scan or a photo).', '文档没有文字层（扫描件或照片）。'),
  'garbled-text': row(
    422,
    'no',
    'The text layer cannot be trusted (unmapped or missing characters).',
    '文字层不可信（字符缺失或无法映射）。',
  ),
  'unrecognized-text': row(
    422,
    'no',
    'Character recognition found no text on the pages that can be trusted.',
    '文字识别未能从页面中得到可信的文字。',
  ),
  'too-many-pages': row(422, 'no', 'The document has too many pages.', '文档页数过多。'),
  'unsafe-archive': row(422, 'no', 'The archive holds an unsafe name or expands too far.', '压缩包含不安全的文件名或解压后过大。'),
  // work
  'blob-missing': row(422, 'no', 'The file this item names was never uploaded or is gone.', '该条目引用的文件不存在或已删除。'),
  'subject-missing': row(422, 'no', 'The talent or position this item names does not exist.', '该条目引用的人才或职位不存在。'),
  poison: row(422, 'no', 'This item ended the process that worked on it twice; it is set aside.', '该条目两次导致处理进程崩溃，已隔离。'),
  'host-crashed': row(500, 'backoff', 'The process that worked on this item ended.', '处理该条目的进程意外退出。'),
  'timed-out': row(504, 'backoff', 'The work took longer than its limit.', '处理超时。'),
  'deadline-exceeded': row(504, 'backoff', 'The job ran past its deadline.', '任务超过截止时间。'),
  overloaded: row(503, 'park', 'The models are busy; try again.', '模型繁忙，请重试。'),
  'model-unavailable': row(503, 'park', 'The model cannot be loaded.', '模型无法加载。'),
  // sync
  'source-down': row(
    503,
    'park',
    'The source cannot be reached or is busy; the sync goes on later.',
    '数据源暂不可用或繁忙，同步将稍后继续。',
  ),
  'source-refused': row(
    502,
    'no',
    'The source does not let us in; check the account and its rights.',
    '数据源拒绝访问，请检查账号及其权限。',
  ),
  'source-changed': row(
    502,
    'no',
    'The source answers in another form than its profile says; check its kind and version.',
    '数据源的返回格式与配置不符，请检查其类型与版本。',
  ),
  'source-unknown': row(
    404,
    'no',
    'There is no source of this name; GET /v1/sources lists them.',
    '没有该名称的数据源，可用 GET /v1/sources 查看。',
  ),
  'sync-busy': row(
    503,
    'park',
    'Another run is at work on this source; this one goes on after it.',
    '该数据源已有同步任务在运行，本次将在其后继续。',
  ),
  'sync-fenced': row(503, 'park', 'Another run has taken this source over.', '该数据源已由另一次同步接管。'),
  'record-rejected': row(422, 'no', 'The record of the source does not fit; see `errors`.', '数据源记录不符合要求，见 errors。'),
  'clock-zone': row(
    422,
    'no',
    'The source shows times in the future; set its time zone (`zone`).',
    '数据源的时间在未来，请设置其时区（zone）。',
  ),
  'person-erased': row(
    410,
    'no',
    'This person was erased, and nothing about them is taken any more; GET /v1/erasures lists who.',
    '此人的数据已被彻底删除，不再接收；可用 GET /v1/erasures 查看。',
  ),
  cancelled: row(409, 'no', 'Cancelled by request.', '已按请求取消。'),
  'worker-lost': row(500, 'backoff', 'The worker was lost again and again while this chunk ran.', '处理该分片的进程多次丢失。'),
} satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof ERRORS

/** One fault inside a request or an item: `pointer` is an RFC 6901 JSON pointer, or a field name for forms. */
export type Fault = { pointer: string; detail: string }

/**
 * The one error class. `detail` may be shown to the caller, so it never holds résumé text or other personal data.
 * `retryAfter` is in seconds.
 */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly detail: string | undefined
  readonly faults: Fault[] | undefined
  readonly retryAfter: number | undefined
  constructor(code: ErrorCode, detail?: string, more: { faults?: Fault[]; retryAfter?: number; cause?: unknown } = {}) {
    super(detail ? `${code}: ${detail}` : code, more.cause === undefined ? undefined : { cause: more.cause })
    this.name = 'AppError'
    this.code = code
    this.detail = detail
    this.faults = more.faults
    this.retryAfter = more.retryAfter
  }
  get row(): ErrorRow {
    return ERRORS[this.code]
  }
}

/** Any thrown value as an AppError: full disks are recognised, everything unknown is `internal` with the cause kept for the log. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  const e = thrown as { code?: unknown; errcode?: unknown; message?: unknown }
  // 13 is SQLITE_FULL, 10 with extended codes SQLITE_IOERR_*; node:sqlite reports them as errcode.
  if (e?.code === 'ENOSPC' || e?.code === 'EDQUOT' || e?.errcode === 13) return new AppError('disk-full', undefined, { cause: thrown })
  return new AppError('internal', undefined, { cause: thrown })
}

/** Thrown by a processor to end its items without a retry. */
export class Cancel extends Error {}

/** Thrown by a processor to put its open items back for `ms` milliseconds without spending an attempt. */
export class Snooze extends Error {
  readonly ms: number
  constructor(ms: number, reason: string) {
    super(reason)
    this.ms = ms
  }
}
