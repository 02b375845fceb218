#include "rl/virtual_taobao.h"

#include "base/fs.h"
#include "base/mem.h"
#include "data/format.h"
#include "tensor/rows.h"

#include <math.h>
#include <string.h>

enum { LAYERS_MAX = 3, HIDDEN_MAX = 256 };
const int32_t vtb_block[VTB_BLOCKS + 1] = {0, 8, 16, 27, 38, 49, 60, 62, 64, 67, 85, 88};

struct net {
	int layers;
	int32_t size[LAYERS_MAX + 1];
	real *w[LAYERS_MAX], *b[LAYERS_MAX]; /* [out, in], [out], into `all` */
	real *all;
};
struct vtb {
	struct net generator, leave, action;
};

static enum err_code net_load(struct net *n, const char *file, struct err *e)
{
	char path[FS_PATH_MAX], *bytes;
	size_t size, need = 0, at = 0;
	for (int l = 0; l < n->layers; l++)
		need += (size_t)(n->size[l] + 1) * (size_t)n->size[l + 1];
	TRY(format_find(file, "the repository eyounx/VirtualTaobao (its weights as float32)", path, sizeof path, e));
	TRY(fs_read_all(path, &bytes, &size, e));
	n->all = size == need * sizeof(float) ? mem_aligned(need * sizeof(real)) : NULL;
	if (!n->all) {
		mem_free(bytes);
		return size == need * sizeof(float) ? err_set(e, ERR_NOMEM, "no memory for %s", path)
						    : err_set(e, ERR_FORMAT, "%s has %zu bytes, expected %zu", path,
							      size, need * sizeof(float));
	}
	for (size_t i = 0; i < need; i++) {
		float f;
		memcpy(&f, bytes + i * sizeof f, sizeof f);
		n->all[i] = (real)f;
	}
	mem_free(bytes);
	for (int l = 0; l < n->layers; l++) {
		n->w[l] = n->all + at;
		at += (size_t)n->size[l] * (size_t)n->size[l + 1];
		n->b[l] = n->all + at;
		at += (size_t)n->size[l + 1];
	}
	return OK;
}

enum err_code vtb_load(struct vtb **out, struct err *e)
{
	struct vtb *v = mem_calloc(1, sizeof *v);
	*out = NULL;
	if (!v)
		return err_set(e, ERR_NOMEM, "no memory for Virtual Taobao");
	v->generator = (struct net){.layers = 2, .size = {VTB_NOISE, 128, VTB_USER}};
	v->leave = (struct net){.layers = 3, .size = {VTB_USER, 128, 256, VTB_LEAVE}};
	v->action = (struct net){.layers = 3, .size = {VTB_USER + 1 + VTB_ACTION, 128, 256, VTB_CLICKS + VTB_SECOND}};
	enum err_code rc = net_load(&v->generator, "sim-virtualtaobao/generator_model.f32", e);
	if (rc == OK)
		rc = net_load(&v->leave, "sim-virtualtaobao/leave_model.f32", e);
	if (rc == OK)
		rc = net_load(&v->action, "sim-virtualtaobao/action_model.f32", e);
	if (rc == OK)
		*out = v;
	else
		vtb_free(v);
	return rc;
}

void vtb_free(struct vtb *v)
{
	if (!v)
		return;
	mem_aligned_free(v->generator.all);
	mem_aligned_free(v->leave.all);
	mem_aligned_free(v->action.all);
	mem_free(v);
}

/* ---- forward ---- */

static void leaky(real *x, int32_t n)
{
	for (int32_t i = 0; i < n; i++)
		x[i] = x[i] > 0 ? x[i] : x[i] * (real)0.01;
}

static void layer(const struct net *n, int l, const real *x, real *y)
{
	int32_t in = n->size[l];
	for (int32_t j = 0; j < n->size[l + 1]; j++)
		y[j] = n->b[l][j] + rows_dot(n->w[l] + (int64_t)j * in, x, in);
}

/* Layers from..: x is what enters layer `from`, after its leaky ReLU. */
static void forward(const struct net *n, int from, const real *x, real *y)
{
	real buf[2][HIDDEN_MAX];
	for (int l = from; l < n->layers; l++) {
		real *to = l == n->layers - 1 ? y : buf[l & 1];
		layer(n, l, x, to);
		if (l < n->layers - 1)
			leaky(to, n->size[l + 1]);
		x = to;
	}
}

static void softmax(real *x, int32_t n)
{
	double most = (double)x[0], sum = 0;
	for (int32_t i = 1; i < n; i++)
		most = (double)x[i] > most ? (double)x[i] : most;
	for (int32_t i = 0; i < n; i++)
		sum += exp((double)x[i] - most);
	for (int32_t i = 0; i < n; i++)
		x[i] = (real)(exp((double)x[i] - most) / sum);
}

void vtb_generator(const struct vtb *v, const real *noise, real *logits)
{
	forward(&v->generator, 0, noise, logits);
}

void vtb_leave(const struct vtb *v, const real *user, real *probabilities)
{
	forward(&v->leave, 0, user, probabilities);
	softmax(probabilities, VTB_LEAVE);
}

void vtb_user_part(const struct vtb *v, const real *user, real *part)
{
	const struct net *n = &v->action;
	for (int32_t j = 0; j < n->size[1]; j++)
		part[j] = n->b[0][j] + rows_dot(n->w[0] + (int64_t)j * n->size[0], user, VTB_USER);
}

void vtb_action(const struct vtb *v, const real *part, real page, const real *weight, real clicks[VTB_CLICKS],
	real second[VTB_SECOND])
{
	const struct net *n = &v->action;
	real hidden[128], out[VTB_CLICKS + VTB_SECOND];
	for (int32_t j = 0; j < n->size[1]; j++) {
		const real *w = n->w[0] + (int64_t)j * n->size[0] + VTB_USER;
		hidden[j] = part[j] + w[0] * page + rows_dot(w + 1, weight, VTB_ACTION);
	}
	leaky(hidden, n->size[1]);
	forward(n, 1, hidden, out);
	memcpy(clicks, out, VTB_CLICKS * sizeof *out);
	memcpy(second, out + VTB_CLICKS, VTB_SECOND * sizeof *out);
	softmax(clicks, VTB_CLICKS);
	softmax(second, VTB_SECOND);
}
