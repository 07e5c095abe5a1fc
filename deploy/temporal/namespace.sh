#!/bin/sh
# Makes the namespace, or brings its retention up to date. The port answers before the server does: ask until it is well.
set -eu

tries=0
until temporal operator cluster health >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 60 ] || { echo "Temporal at $TEMPORAL_ADDRESS did not become healthy" >&2; exit 1; }
  sleep 2
done

namespace=${TEMPORAL_NAMESPACE:-default}
if temporal operator namespace describe --namespace "$namespace" >/dev/null 2>&1; then
  temporal operator namespace update --namespace "$namespace" --retention "$TEMPORAL_RETENTION"
else
  temporal operator namespace create --namespace "$namespace" --retention "$TEMPORAL_RETENTION"
fi
