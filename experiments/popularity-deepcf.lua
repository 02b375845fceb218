local g = require "gusto"

return g.experiment {
  help = "The most popular items on Amazon Music with the 99 published negatives per user (--data amazon-toys, lastfm-ncf for "
    .. "others).",
  source = "computed by independent scripts, ties to the target: HR@10, NDCG@10 .2601, .1362; Toys .3079, .1633; Last.FM "
    .. ".6651, .3880",
  data = g.data "amazon-music",
  protocol = g.protocol { split = "given", candidates = "given", ties = "best", metrics = { "hr@10", "ndcg@10" } },
  model = require "gusto.models.popularity",
}
