#!/usr/bin/env bash
# start-s3.sh PORT DATADIR
# MinIO on 127.0.0.1:PORT with the bucket "looma", built by Go once (cache: LOOMA_S3_CACHE). Needs: Go. Keys: minioadmin / minioadmin.
# In the foreground; prints "READY s3 PORT pid=N" when it answers and ends on SIGTERM. Then:
#   S3_URL='s3://looma?endpoint=http://127.0.0.1:PORT&pathStyle=true' npm run test:servers -- tests/servers/s3.test.ts
set -euo pipefail
[ $# -eq 2 ] || { echo "usage: $0 PORT DATADIR" >&2; exit 2; }
PORT=$1
mkdir -p "$2/looma"
CACHE=${LOOMA_S3_CACHE:-${TMPDIR:-/var/tmp}/looma-s3}
VERSION=v0.0.0-20260212201848-7aac2a2c5b7c
BIN=$CACHE/$VERSION/minio
if [ ! -x "$BIN" ]; then
  mkdir -p "$CACHE/$VERSION"
  GOBIN=$CACHE/$VERSION go install "github.com/minio/minio@$VERSION" >&2
fi
if (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; then echo "port $PORT is taken" >&2; exit 1; fi
MINIO_ROOT_USER=minioadmin MINIO_ROOT_PASSWORD=minioadmin MINIO_UPDATE=off MINIO_BROWSER=off \
  "$BIN" server "$2" --address "127.0.0.1:$PORT" --quiet >"$2.minio.log" 2>&1 &
PID=$!
trap 'kill $PID 2>/dev/null; wait $PID; exit 0' TERM INT
for _ in $(seq 100); do
  if (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; then echo "READY s3 $PORT pid=$PID"; wait $PID; exit $?; fi
  kill -0 $PID 2>/dev/null || { cat "$2.minio.log" >&2; exit 1; }
  sleep 0.1
done
echo "not ready in time" >&2; kill $PID; exit 1
