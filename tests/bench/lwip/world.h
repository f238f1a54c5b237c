// SPDX-License-Identifier: Apache-2.0
// The world around lwIP on one thread: its clock, which only moves when it is told to, its system calls, and the link to one peer (peer.h).
//
// Hours pass in seconds: time jumps from one of lwIP's timers to the next. Whatever lwIP would block on is waited for by moving time; a wait
// that no timer ends is a bug of the bench, and aborts. lwIP's own clock, of 32 bits, wraps as on a device.
#ifndef WORLD_H
#define WORLD_H
#include <stdint.h>

void world_begin(void); // once: starts lwIP with an interface of 10.0.0.2/24
uint64_t world_now_ms(void);
void world_run(uint64_t duration_ms); // all that is due meanwhile happens
unsigned world_control_blocks(void); // of TCP: active, and waiting for their time to pass

#endif
