#!/bin/sh
# The image's Python for the VPU's worker, with the C library that its packages are made for: /opt/vpu/bin/python there.
set -eu
root="$(dirname "$(dirname "$0")")"
libraries="$root/usr/lib/aarch64-linux-gnu"
if [ -d "$root/openvino" ]; then
    for folder in "$root"/openvino/runtime/lib/* "$root"/openvino/runtime/3rdparty/tbb/lib; do
        libraries="$libraries:$folder"
    done
    export PYTHONPATH="$root/openvino/python/python3.9"
fi
export PYTHONHOME="$root/usr"
exec "$root/usr/lib/ld-linux-aarch64.so.1" --library-path "$libraries" "$root/usr/bin/python3.9" "$@"
