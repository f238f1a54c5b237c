// SPDX-License-Identifier: Apache-2.0
// The other end of the link, 10.0.0.1: a TCP of a few lines that is not lwIP's, answers every port, and fails in all the ways in which a peer
// can be gone without a FIN.
#ifndef PEER_H
#define PEER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PEER_PACKET_MAX = 1600 };

// How it meets what comes for a connection. Each begins anew with a SYN.
enum peer_mode {
	PEER_LIVES, // acknowledges data and probes, ends the stream when asked to
	PEER_VANISHED, // not a packet comes back
	PEER_REBOOTED, // knows of no connection: a reset for all but a SYN
};

void peer_set(enum peer_mode mode);
void peer_stall(void); // the connections that live take no byte from now on, but their probes are answered: a process that hangs
void peer_end_streams(void); // sends a FIN on each connection that lives
void peer_send(const char *text); // data on each connection that lives

void peer_receive(const uint8_t *packet, size_t size); // IPv4
size_t peer_answer(uint8_t packet[PEER_PACKET_MAX]); // the next one for the device; 0: none

#endif
