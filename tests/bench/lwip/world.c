// SPDX-License-Identifier: Apache-2.0
#include "world.h"
#include "peer.h"
#include <lwip/netif.h>
#include <lwip/pbuf.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/sys.h>
#include <lwip/tcpip.h>
#include <lwip/timeouts.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MAX_MS = 600000 };

static uint64_t now_ms = 4294000000u; // eleven minutes before lwIP's clock wraps
static struct netif wire;

// ---- time and the link

uint64_t world_now_ms(void)
{
	return now_ms;
}

u32_t sys_now(void)
{
	return (u32_t)now_ms;
}

u32_t sys_jiffies(void)
{
	return sys_now();
}

unsigned world_random(void)
{
	static uint32_t state = 1;
	state = state * 1664525u + 1013904223u;
	return state;
}

static err_t send_packet(struct netif *netif, struct pbuf *packet, const ip4_addr_t *to)
{
	uint8_t bytes[PEER_PACKET_MAX];
	(void)netif, (void)to;
	if (packet->tot_len > sizeof bytes)
		return ERR_BUF;
	pbuf_copy_partial(packet, bytes, packet->tot_len, 0);
	peer_receive(bytes, packet->tot_len);
	return ERR_OK;
}

static err_t begin_link(struct netif *netif)
{
	netif->output = send_packet;
	netif->mtu = 1500;
	netif->name[0] = 'w';
	netif->name[1] = 'l';
	netif->flags = NETIF_FLAG_UP | NETIF_FLAG_LINK_UP;
	return ERR_OK;
}

static void carry_answers(void)
{
	uint8_t bytes[PEER_PACKET_MAX];
	size_t size;
	while ((size = peer_answer(bytes)) > 0) {
		struct pbuf *packet = pbuf_alloc(PBUF_RAW, (u16_t)size, PBUF_RAM);
		if (!packet)
			abort();
		pbuf_take(packet, bytes, (u16_t)size);
		if (wire.input(packet, &wire) != ERR_OK)
			pbuf_free(packet);
	}
}

static void step_to(uint64_t target_ms)
{
	LOCK_TCPIP_CORE();
	u32_t sleep_ms = sys_timeouts_sleeptime();
	now_ms = sleep_ms < target_ms - now_ms ? now_ms + sleep_ms : target_ms;
	sys_check_timeouts();
	UNLOCK_TCPIP_CORE();
	carry_answers();
}

void world_run(uint64_t duration_ms)
{
	uint64_t end_ms = now_ms + duration_ms;
	carry_answers();
	while (now_ms < end_ms)
		step_to(end_ms);
}

void world_begin(void)
{
	ip4_addr_t address, mask, gateway;
	IP4_ADDR(&address, 10, 0, 0, 2);
	IP4_ADDR(&mask, 255, 255, 255, 0);
	IP4_ADDR(&gateway, 10, 0, 0, 1);
	tcpip_init(0, 0);
	LOCK_TCPIP_CORE();
	netif_add(&wire, &address, &mask, &gateway, 0, begin_link, tcpip_input);
	netif_set_default(&wire);
	netif_set_up(&wire);
	UNLOCK_TCPIP_CORE();
}

static unsigned length_of(const struct tcp_pcb *list)
{
	unsigned count = 0;
	for (; list; list = list->next)
		count++;
	return count;
}

unsigned world_control_blocks(void)
{
	return length_of(tcp_active_pcbs) + length_of(tcp_tw_pcbs) + length_of(tcp_bound_pcbs);
}

// ---- lwIP's system calls

void sys_init(void)
{
}

sys_prot_t sys_arch_protect(void)
{
	return 0;
}

void sys_arch_unprotect(sys_prot_t before)
{
	(void)before;
}

sys_thread_t sys_thread_new(const char *name, lwip_thread_fn thread, void *arg, int stack_bytes, int priority)
{
	(void)name, (void)thread, (void)arg, (void)stack_bytes, (void)priority;
	return 0;
}

sys_sem_t *world_thread_semaphore(void)
{
	static sys_sem_t semaphore = { .valid = 1 };
	return &semaphore;
}

err_t sys_sem_new(sys_sem_t *semaphore, u8_t count)
{
	*semaphore = (sys_sem_t){ .valid = 1, .count = count };
	return ERR_OK;
}

void sys_sem_free(sys_sem_t *semaphore)
{
	semaphore->valid = 0;
}

int sys_sem_valid(sys_sem_t *semaphore)
{
	return semaphore->valid;
}

void sys_sem_set_invalid(sys_sem_t *semaphore)
{
	semaphore->valid = 0;
}

void sys_sem_signal(sys_sem_t *semaphore)
{
	semaphore->count++;
}

u32_t sys_arch_sem_wait(sys_sem_t *semaphore, u32_t timeout_ms)
{
	uint64_t from_ms = now_ms, end_ms = now_ms + (timeout_ms ? timeout_ms : WAIT_MAX_MS);
	while (!semaphore->count && now_ms < end_ms)
		step_to(end_ms);
	if (!semaphore->count && !timeout_ms)
		abort();
	if (!semaphore->count)
		return SYS_ARCH_TIMEOUT;
	semaphore->count--;
	return (u32_t)(now_ms - from_ms);
}

err_t sys_mutex_new(sys_mutex_t *mutex)
{
	*mutex = (sys_mutex_t){ .valid = 1 };
	return ERR_OK;
}

void sys_mutex_lock(sys_mutex_t *mutex)
{
	if (mutex->held++)
		abort(); // one thread: it would wait for itself
}

void sys_mutex_unlock(sys_mutex_t *mutex)
{
	mutex->held--;
}

void sys_mutex_free(sys_mutex_t *mutex)
{
	mutex->valid = 0;
}

int sys_mutex_valid(sys_mutex_t *mutex)
{
	return mutex->valid;
}

void sys_mutex_set_invalid(sys_mutex_t *mutex)
{
	mutex->valid = 0;
}

err_t sys_mbox_new(sys_mbox_t *box, int size)
{
	if (size > WORLD_BOX_SIZE)
		abort();
	*box = (sys_mbox_t){ .valid = 1, .size = size > 0 ? (unsigned)size : WORLD_BOX_SIZE };
	return ERR_OK;
}

void sys_mbox_free(sys_mbox_t *box)
{
	box->valid = 0;
}

int sys_mbox_valid(sys_mbox_t *box)
{
	return box->valid;
}

void sys_mbox_set_invalid(sys_mbox_t *box)
{
	box->valid = 0;
}

err_t sys_mbox_trypost(sys_mbox_t *box, void *message)
{
	if (box->count == box->size)
		return ERR_MEM;
	box->messages[(box->first + box->count++) % WORLD_BOX_SIZE] = message;
	return ERR_OK;
}

err_t sys_mbox_trypost_fromisr(sys_mbox_t *box, void *message)
{
	return sys_mbox_trypost(box, message);
}

void sys_mbox_post(sys_mbox_t *box, void *message)
{
	if (sys_mbox_trypost(box, message) != ERR_OK)
		abort();
}

u32_t sys_arch_mbox_tryfetch(sys_mbox_t *box, void **message)
{
	if (!box->count)
		return SYS_MBOX_EMPTY;
	void *taken = box->messages[box->first];
	box->first = (box->first + 1) % WORLD_BOX_SIZE;
	box->count--;
	if (message)
		*message = taken;
	return 0;
}

u32_t sys_arch_mbox_fetch(sys_mbox_t *box, void **message, u32_t timeout_ms)
{
	uint64_t from_ms = now_ms, end_ms = now_ms + (timeout_ms ? timeout_ms : WAIT_MAX_MS);
	while (!box->count && now_ms < end_ms)
		step_to(end_ms);
	if (!box->count && !timeout_ms)
		abort();
	return sys_arch_mbox_tryfetch(box, message) == SYS_MBOX_EMPTY ? SYS_ARCH_TIMEOUT : (u32_t)(now_ms - from_ms);
}
