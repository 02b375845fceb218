#!/bin/bash
# Closed forms at their published or independently computed numbers: some minutes.
. "$(dirname "$0")/../support/expect.sh.inc"
have ml-1m/ncf/ml-1m.test.rating && {
	expect ease-ml1m.lua hr@10=.7192 ndcg@10=.4494 hr@1=.2225 hr@5=.5629
	expect itemknn-ml1m.lua hr@10=.6694 ndcg@10=.3979 hr@1=.1825 hr@5=.4942 ndcg@5=.3414
	expect ials-ml1m.lua hr@10=.7109~.004 ndcg@10=.4382~.004
}
have ml-1m/infae/split.txt && {
	expect ease-infae.lua ndcg@10=.2988~.001
	expect mda-ml1m.lua ndcg@10=.3252~.001
}
have ml-1m/sasrec/ml-1m.txt && expect popularity-ml1m-full.lua hr@10=.0363 ndcg@10=.0178
have ml-1m/ratings.tsv && for seed in 1 2 3; do expect "bias-ml1m.lua --seed $seed" rmse=.907~.005; done
have bars-movielens1m_m1/train.txt && {
	expect popularity-ml1m-m1.lua recall@20=.1161 ndcg@20=.1176
	expect "ease-ml1m-m1.lua" recall@20=.2755 ndcg@20=.2674
	expect "ease-ml1m-m1.lua --set lambda=500" recall@20=.2759 ndcg@20=.2660
	expect "ease-ml1m-m1.lua --set lambda=200" recall@20=.2708 ndcg@20=.2592
}
have ml-100k/u1.base && {
	expect "bias-ml100k.lua --data ml-100k:u2" rmse=.9445
	expect "bias-ml100k.lua --data ml-100k:u3" rmse=.9379
	expect "bias-ml100k.lua --data ml-100k:u5" rmse=.9381
}
have seq-beauty/Beauty.txt && expect popularity-beauty.lua hr@5=.0077 hr@10=.0135 hr@20=.0217 ndcg@5=.0042 ndcg@10=.0061 ndcg@20=.0081
have seq-sports/Sports_and_Outdoors.txt &&
	expect popularity-sports.lua hr@5=.0057 hr@10=.0091 hr@20=.0175 ndcg@5=.0041 ndcg@10=.0052 ndcg@20=.0073
have seq-yelp/Yelp.txt && expect popularity-yelp.lua hr@5=.0060 hr@10=.0103 hr@20=.0170 ndcg@5=.0040 ndcg@10=.0053 ndcg@20=.0070
have session-diginetica/train.txt && {
	expect popularity-diginetica.lua hr@20=.0093 mrr@20=.0021
	expect spop-diginetica.lua hr@20=.2051 mrr@20=.1361
	expect itemknn-diginetica.lua hr@20=.3508 mrr@20=.1100
}
have session-yoochoose64/train.txt && {
	expect popularity-yoochoose64.lua hr@20=.0731 mrr@20=.0169
	expect spop-yoochoose64.lua hr@20=.2647 mrr@20=.1785~.0001
	expect itemknn-yoochoose64.lua hr@20=.5068 mrr@20=.2148
}
have session-nowplaying/train.txt && {
	expect popularity-nowplaying.lua hr@20=.0180 mrr@20=.0060
	expect spop-nowplaying.lua hr@20=.0667 mrr@20=.0439
	expect itemknn-nowplaying.lua hr@20=.1402~.0002 mrr@20=.0432
}
have basket-tafeng-dc-tms/TaFeng.txt && {
	expect frequency-tafeng.lua recall@10=.1484~.0005 ndcg@10=.1359~.0005 hr@10=.4393~.0006
	expect frequency-dc.lua recall@10=.4576 ndcg@10=.3382~.0002 hr@10=.5557
}
have filmtrust/ratings_filmtrust.dat && expect popularity-filmtrust.lua ndcg@10=.5450~.015 precision@10=.3471~.008
have citeulike-a-cmn/train.tsv && expect popularity-citeulike.lua hr@5=.1838 ndcg@5=.1231 hr@10=.2877 ndcg@10=.1566
have loo-amusic-atoy-lastfm/AMusic.train.rating && {
	expect popularity-deepcf.lua hr@10=.2601 ndcg@10=.1362
	expect "popularity-deepcf.lua --data amazon-toys" hr@10=.3079 ndcg@10=.1633
	expect "popularity-deepcf.lua --data lastfm-ncf" hr@10=.6651 ndcg@10=.3880
}
exit $failed
