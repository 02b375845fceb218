#!/bin/bash
# Closed forms at their published or independently computed numbers, those that take seconds (tests/slow/baselines.sh has the rest).
. "$(dirname "$0")/../support/expect.sh.inc"
have ml-100k/cfgan/ML100K.train && {
	expect popularity-cfgan.lua precision@20=.1558 recall@20=.1671 mrr@20=.4129 ndcg@20=.2129
	expect ease-cfgan.lua precision@20=.2933 recall@20=.3547 mrr@20=.6875 ndcg@20=.4370 precision@5=.4464 recall@5=.1544 mrr@5=.6762 ndcg@5=.4808
}
have ml-100k/u1.base && {
	expect "bias-ml100k.lua" rmse=.9553
	expect "bias-ml100k.lua --data ml-100k:u4" rmse=.9361
}
have basket-tafeng-dc-tms/TaFeng.txt && {
	expect popularity-tafeng.lua recall@10=.1025 ndcg@10=.0974 hr@10=.3047
	expect popularity-dc.lua recall@10=.1618 ndcg@10=.0880 hr@10=.2274
	expect popularity-tms.lua recall@10=.2627 ndcg@10=.1627 hr@10=.4619
	expect frequency-tms.lua recall@10=.4727 ndcg@10=.3590 hr@10=.6736
}
exit $failed
