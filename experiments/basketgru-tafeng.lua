local g = require "gusto"

return g.experiment {
  help = "A recurrent network over baskets, for the next basket, on Ta-Feng; to be above the most popular items for everybody.",
  source = "popularity (TOP), computed by independent scripts: recall, NDCG, PHR at 10 .1025, .0974, .3047",
  data = g.data "tafeng",
  protocol = g.protocol { split = "given", candidates = "full", mask_seen = false, metrics = { "recall@10", "ndcg@10", "hr@10" } },
  model = require "gusto.models.basketgru",
  knobs = { dim = 64, hidden = 64, over = "mean", length = 50, dropout = 0.3, loss = "softmax", lr = 3e-3 },
  train = { optimizer = "adam", batch = 64, negatives = 0, epochs = 12, patience = 5, monitor = "recall@10" },
}
