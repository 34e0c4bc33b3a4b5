#!/bin/sh
# The image's Python for the VPU's worker, with the C library that its packages are made for: /opt/vpu/bin/python there.
set -eu
root="$(dirname "$(dirname "$0")")"
libraries="$root/usr/lib/aarch64-linux-gnu"
# azure-percept starts itself anew where this does not name its libraries.
percept="$root/usr/local/lib/python3.9/dist-packages/usr/lib"
if [ -d "$percept" ]; then
    libraries="$libraries:$percept"
    export LD_LIBRARY_PATH="$percept"
fi
if [ -d "$root/openvino" ]; then
    for folder in "$root"/openvino/runtime/lib/* "$root"/openvino/runtime/3rdparty/tbb/lib; do
        libraries="$libraries:$folder"
    done
    export PYTHONPATH="$root/openvino/python/python3.9"
fi
export PYTHONHOME="$root/usr"
exec "$root/usr/lib/ld-linux-aarch64.so.1" --library-path "$libraries" "$root/usr/bin/python3.9" "$@"
