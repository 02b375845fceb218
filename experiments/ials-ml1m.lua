local g = require "gusto"

-- Where the published negatives hold the test item itself (156 lists) the study counts it once: ties go to the target.
return g.experiment {
  help = "iALS on MovieLens 1M with the 99 published negatives per user.",
  source = "iALS in Ferrari Dacrema et al., TOIS 2021: HR@10 .7109, NDCG@10 .4382",
  data = g.data { "ml-1m", view = "ncf" },
  protocol = g.protocol {
    split = "given", candidates = "given", ties = "best",
    metrics = { "hr@10", "ndcg@10", "hr@1", "hr@5", "ndcg@5" },
  },
  model = require "gusto.models.ials",
  knobs = { dim = 46, sweeps = 10, confidence = "log", epsilon = 10, alpha = 50, reg = 1e-5 },
}
