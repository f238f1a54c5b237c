// SPDX-License-Identifier: Apache-2.0
// The descriptors of one virtual device, over the kernel's own TCP: what struct mu_socket_port asks of a port.
//
// A process may hold thousands of devices, so a device's descriptors are those that were configured for it and are still the same
// sockets (by their inode: numbers are used again). Memory: the caller's. Thread: the one that runs the device.
#ifndef MU_PORT_LINUX_SOCKETS_H
#define MU_PORT_LINUX_SOCKETS_H
#include "agent/port/linux/system.h"
#include "agent/port/port.h"

struct mu_virtual_sockets {
	struct {
		uint32_t inode; // 0: free
		int descriptor;
	} rows[MU_SOCKETS_LIMIT];
};

// As in struct mu_socket_port. configure: MU_ERR_NOT_FOUND not an open socket; MU_ERR_FULL the device has MU_SOCKETS_LIMIT; MU_ERR_IO the kernel
// refuses an option (those of TCP are left out where the socket is not TCP).
int mu_virtual_sockets_configure(struct mu_virtual_sockets *sockets, int descriptor, const struct mu_socket_options *options);
int mu_virtual_sockets_list(struct mu_virtual_sockets *sockets, int *out, size_t count);
int mu_virtual_sockets_check(int descriptor);
int mu_virtual_sockets_look(int descriptor, struct mu_socket_look *out);
int mu_virtual_sockets_shutdown(int descriptor);
int mu_virtual_sockets_close(int descriptor, bool abort);

#endif
