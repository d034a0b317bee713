// Reads a log with torchwood, as somebody else's program would: its checkpoint by a policy, every entry, and a proof.
//
//	torchwood URL POLICY-FILE PROOF-FILE
package main

import (
	"context"
	"fmt"
	"os"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if err := check(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "torchwood:", err)
		os.Exit(1)
	}
}

func check(url, policyFile, proofFile string) error {
	text, err := os.ReadFile(policyFile)
	if err != nil {
		return err
	}
	policy, err := torchwood.ParsePolicy(text)
	if err != nil {
		return err
	}
	proof, err := os.ReadFile(proofFile)
	if err != nil {
		return err
	}
	ctx := context.Background()
	fetcher, err := torchwood.NewTileFetcher(url)
	if err != nil {
		return err
	}
	client, err := torchwood.NewClient(fetcher)
	if err != nil {
		return err
	}
	signed, err := fetcher.ReadEndpoint(ctx, "checkpoint")
	if err != nil {
		return err
	}
	checkpoint, _, err := torchwood.VerifyCheckpoint(signed, policy)
	if err != nil {
		return err
	}
	var entries, proven int64
	for _, entry := range client.AllEntries(ctx, checkpoint.Tree, 0) {
		entries++
		if torchwood.VerifyProof(policy, tlog.RecordHash(entry), proof) == nil {
			proven++
		}
	}
	if err := client.Err(); err != nil {
		return err
	}
	if entries != checkpoint.N || proven != 1 {
		return fmt.Errorf("%d of %d entries, and the proof is of %d of them", entries, checkpoint.N, proven)
	}
	fmt.Printf("torchwood: all %d entries, and the proof is of one of them\n", entries)
	return nil
}
