/* The three trained networks of Virtual Taobao (Shi et al., AAAI 2019, arXiv:1805.10000): layers y = W x + b with a leaky ReLU (slope
 * .01) between them.  Their weights are data: sim-virtualtaobao/{generator,leave,action}_model.f32, little-endian float32. */
#ifndef GUSTO_RL_VIRTUAL_TAOBAO_H
#define GUSTO_RL_VIRTUAL_TAOBAO_H

#include "base/err.h"
#include "base/real.h"

#include <stdint.h>

enum {
	VTB_NOISE = 128,
	VTB_USER = 88,
	VTB_BLOCKS = 11,
	VTB_LEAVE = 101,
	VTB_ACTION = 27,
	VTB_CLICKS = 11,
	VTB_SECOND = 10
};
/* The user's description is one-hot in each block vtb_block[i]..vtb_block[i+1]-1. */
extern const int32_t vtb_block[VTB_BLOCKS + 1];

struct vtb;
/* Looks under GUSTO_DATA; ERR_NOTFOUND says where a file is missing, ERR_FORMAT that it has a wrong size. */
enum err_code vtb_load(struct vtb **out, struct err *e);
void vtb_free(struct vtb *v);

void vtb_generator(const struct vtb *v, const real *noise, real *logits); /* [128] in [0,1) -> [88] */
void vtb_leave(
	const struct vtb *v, const real *user, real *probabilities); /* [88] -> [101]: pages until the user leaves */
/* What of the first layer depends on the user alone: [88] -> [128], made once per episode. */
void vtb_user_part(const struct vtb *v, const real *user, real *part);
/* -> probabilities of 0..10 clicks and of the second action's ten values. */
void vtb_action(const struct vtb *v, const real *part, real page, const real *weight, real clicks[VTB_CLICKS],
	real second[VTB_SECOND]);

#endif
