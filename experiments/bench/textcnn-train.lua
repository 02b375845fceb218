local g = require "gusto"

return g.experiment {
  help = "Bench: two text CNNs (100 filters of 3 over 200 words of 300 numbers) and a factorisation machine, batches of 128.",
  data = g.data { "synthetic", shape = "text" },
  protocol = g.protocol { split = "given", metrics = { "rmse" } },
  model = require "gusto.bench.textcnn",
  knobs = { train_words = true },
  train = { optimizer = "adam", batch = 128, epochs = 1 },
}
