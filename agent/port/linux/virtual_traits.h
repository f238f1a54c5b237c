// SPDX-License-Identifier: Apache-2.0
// What a virtual image makes its device do: a few lines of key=value inside the image.
//
// Text between the lines "MUSTER-TRAITS 1" and "END", one key=value a line, each key at most once, nothing else: an
// image with a spelling mistake in its traits must not pass for a healthy one. At most 1 KiB. Pure, any thread.
//
//   key                   value              meaning
//   panic_after_s         0..86400           the application panics at this uptime
//   hang_after_s          0..86400           the task hang_task stops checking in
//   hang_task             [a-z0-9_]{1,15}    which task; with hang_after_s only (default "app")
//   leak_bytes_per_s      1..1048576         heap lost each second
//   offline_after_s       0..86400           the link drops and stays down
//   rssi_dbm              -120..0            signal strength seen by the radio
//   brownout_after_s      0..86400           the supply fails
//   chatty_per_s          1..1000            log lines that the application writes each second, and as many events
//   leak_reconnect_bytes  1..65536           heap lost with each TLS session, or each TCP connection without TLS
//   fragment_bytes_per_s  1..1048576         the largest free block shrinks, the free bytes stay
//   boot_fails            1                  panics before the agent starts
#ifndef MU_PORT_LINUX_VIRTUAL_TRAITS_H
#define MU_PORT_LINUX_VIRTUAL_TRAITS_H
#include <stddef.h>
#include <stdint.h>

enum { MU_TRAITS_TEXT_MAX = 1024, MU_TRAIT_TASK_SIZE = 16, MU_TRAITS_PROBLEM_SIZE = 96 };

// What an image does not set is MU_TRAIT_UNSET, hang_task "".
#define MU_TRAIT_UNSET INT32_MIN

struct mu_traits {
	int32_t panic_after_s;
	int32_t hang_after_s;
	char hang_task[MU_TRAIT_TASK_SIZE];
	int32_t leak_bytes_per_s;
	int32_t offline_after_s;
	int32_t rssi_dbm;
	int32_t brownout_after_s;
	int32_t chatty_per_s;
	int32_t leak_reconnect_bytes;
	int32_t fragment_bytes_per_s;
	int32_t boot_fails;
};

// A healthy image: nothing set.
struct mu_traits mu_traits_none(void);

// Parses key=value lines (without the two marker lines). Returns 0, or MU_ERR_SIZE or MU_ERR_INVALID with *traits
// healthy and problem (MU_TRAITS_PROBLEM_SIZE bytes, may be null) saying the line and what is wrong with it.
int mu_traits_parse(struct mu_traits *traits, const char *text, size_t size, char *problem);

// Writes the block with its markers; returns its size, or MU_ERR_FULL, or MU_ERR_INVALID if a value is out of range.
int mu_traits_write(const struct mu_traits *traits, char *buffer, size_t size);

// Reads such a block. Errors as mu_traits_parse; MU_ERR_NOT_FOUND if it does not start with the marker,
// MU_ERR_VERSION if the marker's version is not 1.
int mu_traits_read(struct mu_traits *traits, const char *block, size_t size, char *problem);

#endif
