// SPDX-License-Identifier: Apache-2.0
// `musterd replay FILE`: takes a recording (ingest/recording.h) into the store as if it came in now at the times of the recording, through
// the same commit cycle and rules, without a broker and without telling anybody. What would have fired, and what a fleet looked like then.
//
// The times of the recording are the only clock, so the result is exact, and one that was killed goes on where it stopped when it is started
// again with the same file and store. Lines that cannot be read are told with their number and passed over.
#ifndef COLLECTOR_REPLAY_COMMAND_H
#define COLLECTOR_REPLAY_COMMAND_H
#include "collector/daemon.h"

// words: "replay", FILE ("-": standard input). Returns the exit code: 0 done, 1 not or not all of it, 2 misuse.
int replay_command(struct collector *collector, int word_count, char *const *words);

#endif
