// SPDX-License-Identifier: Apache-2.0
// What happened in a world, line by line, in virtual time: printed on request, and always hashed, so that two runs of one seed can be compared.
//
// A line: "  3:07:41.250  dev-1      boot 4, reset brown-out". Memory: the caller's. Thread: one at a time.
#ifndef TESTS_SIM_STORY_H
#define TESTS_SIM_STORY_H
#include <stdint.h>
#include <stdio.h>

struct sim_story {
	FILE *out; // null: hashed only
	uint64_t hash; // FNV-1a over every line
	uint64_t lines;
};

void sim_story_init(struct sim_story *story, FILE *out);
__attribute__((format(printf, 4, 5))) void sim_tell(struct sim_story *story, uint64_t now_ms, const char *who, const char *format, ...);

#endif
