// SPDX-License-Identifier: Apache-2.0
// Semaphores, mutexes and mail boxes of one thread: nobody waits, time is moved instead (world.h).
#ifndef LWIP_ARCH_SYS_ARCH_H
#define LWIP_ARCH_SYS_ARCH_H

enum { WORLD_BOX_SIZE = 64 };

typedef struct {
	int valid, count;
} sys_sem_t;
typedef struct {
	int valid, held;
} sys_mutex_t;
typedef struct {
	int valid;
	unsigned first, count, size;
	void *messages[WORLD_BOX_SIZE];
} sys_mbox_t;
typedef int sys_thread_t;
typedef int sys_prot_t;

sys_sem_t *world_thread_semaphore(void);
#define LWIP_NETCONN_THREAD_SEM_GET() world_thread_semaphore()
#define LWIP_NETCONN_THREAD_SEM_ALLOC()
#define LWIP_NETCONN_THREAD_SEM_FREE()

#endif
