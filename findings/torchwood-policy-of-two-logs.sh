#!/usr/bin/env bash
# tlog-policy (https://c2sp.org/tlog-policy) says of several `log` lines that a checkpoint is valid which any one of these
# logs has signed. So one would list the old and the new key of a log while it is rotated, or several logs, and give the
# file to any tool of the format. torchwood reads such a policy without complaint, and then demands that all of the logs
# have signed: with two logs of different names no checkpoint can ever meet it, and during a rotation only one with
# both signatures.
#
# It matters to whoever hands out a policy: with torchwood it has to have one log line, and a rotation needs a checkpoint
# with both signatures, or two policies. Needs Go, which fetches the version that torchwood asks for.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOMODCACHE="$folder/modules" GOFLAGS=-modcacherw GOTOOLCHAIN=auto

cat > go.mod <<'EOF'
module finding

go 1.27.0

require filippo.io/torchwood v0.10.0
EOF
cat > main.go <<'EOF'
package main

import (
	"crypto/rand"
	"fmt"
	"os"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// logKey makes the key of a log: what signs, and its line in a policy.
func logKey(name string) (note.Signer, string) {
	private, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		panic(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		panic(err)
	}
	return signer, "log " + public + "\n"
}

// accepted tells whether a checkpoint of log.example/one, by the signers, meets a policy that is read without an error.
func accepted(policy string, signers ...note.Signer) bool {
	parsed, err := torchwood.ParsePolicy([]byte(policy + "quorum none\n"))
	if err != nil {
		panic(err)
	}
	checkpoint := torchwood.Checkpoint{Origin: "log.example/one", Tree: tlog.Tree{N: 1, Hash: tlog.RecordHash([]byte("entry"))}}
	signed, err := note.Sign(&note.Note{Text: checkpoint.String()}, signers...)
	if err != nil {
		panic(err)
	}
	_, _, err = torchwood.VerifyCheckpoint(signed, parsed)
	return err == nil
}

func main() {
	one, lineOfOne := logKey("log.example/one")
	next, lineOfNext := logKey("log.example/one")
	_, lineOfOther := logKey("log.example/other")
	alone := accepted(lineOfOne, one)
	besideAnother := accepted(lineOfOne+lineOfOther, one)
	rotated := accepted(lineOfOne+lineOfNext, next)
	byBoth := accepted(lineOfOne+lineOfNext, one, next)
	fmt.Println("its log alone in the policy:          ", alone)
	fmt.Println("beside another log:                   ", besideAnother)
	fmt.Println("old and new key, signed by the new:   ", rotated)
	fmt.Println("old and new key, signed by both:      ", byBoth)
	if !alone || besideAnother || rotated || !byBoth {
		os.Exit(1)
	}
}
EOF
go mod tidy > /dev/null 2>&1
echo "torchwood $(go list -m -f '{{.Version}}' filippo.io/torchwood): is a checkpoint accepted?"
go run .
