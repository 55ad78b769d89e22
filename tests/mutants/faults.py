"""Deliberate faults: what a slip of the hand would write, and the tests that must turn red.

A fault is a piece of text that stands exactly once in a file under src/bunsan, and what takes its place.
"""

from dataclasses import dataclass

CORE = "nn/test_transformer_core.py"
BERTS = "models/test_bert_family.py"
GPT2 = "models/test_gpt2.py"
PAIRS = "models/test_encoder_decoders.py"
IMAGES = "models/test_images.py"
OPENING = "models/test_opening.py"
REFUSALS = "models/test_refusals.py"
FIRST_VALUES = "models/test_first_values.py"
TABLES = "nn/test_tables.py"
SIZES = "models/test_sizes.py"


@dataclass(frozen=True)
class Fault:
    """One fault.

    `file` under src/bunsan, `old` text and `new` text; `test` under tests, run alone; `what` it is.
    """

    what: str
    file: str
    old: str
    new: str
    test: str


T, E, H = "nn/transformer.py", "nn/embeddings.py", "nn/heads.py"

FAULTS = [
    # The core
    Fault("causal off", T, "if not self.config.causal or n == 1:", "if True:", GPT2),
    Fault(
        "causal off by one",
        T,
        "keys[None, :] <= queries[:, None]",
        "keys[None, :] <= queries[:, None] + 1",
        GPT2,
    ),
    Fault(
        "causal counted from 0 behind a cache",
        T,
        "queries = torch.arange(past, past + n, device=x.device)",
        "queries = torch.arange(n, device=x.device)",
        GPT2,
    ),
    Fault(
        "mask dropped",
        T,
        "keep = None if mask is None else mask[:, None, None, :]",
        "keep = None",
        BERTS,
    ),
    Fault(
        "mask upside down",
        T,
        "keep = None if mask is None else mask[:, None, None, :]",
        "keep = None if mask is None else ~mask[:, None, None, :]",
        BERTS,
    ),
    Fault(
        "mask of the memory dropped",
        T,
        "attention: Tensor = cross(x, *held, step.memory_mask,",
        "attention: Tensor = cross(x, *held, None,",
        PAIRS,
    ),
    Fault(
        "mask not put into the bias",
        T,
        "bias, step.mask = bias.masked_fill(~step.mask, -math.inf), None",
        "step.mask = None",
        PAIRS,
    ),
    Fault("scale dropped", T, "scale=self.scale,", "scale=1.0,", BERTS),
    Fault("scale where there is none", T, "if config.scale_scores else 1.0", "", PAIRS),
    Fault(
        "pre-norm and post-norm exchanged",
        T,
        'self.pre_norm = config.norm_position == "pre"',
        'self.pre_norm = config.norm_position != "pre"',
        BERTS,
    ),
    Fault(
        "post-norm before the residual",
        T,
        "out = norm(x + self.dropout(branch(x)))",
        "out = x + norm(self.dropout(branch(x)))",
        BERTS,
    ),
    Fault(
        "residual of what was normed",
        T,
        "out = x + self.dropout(branch(norm(x)))",
        "out = norm(x) + self.dropout(branch(norm(x)))",
        GPT2,
    ),
    Fault("last norm forgotten", T, "self.dropout(self.norm(x))", "self.dropout(x)", GPT2),
    Fault(
        "gate and map exchanged",
        T,
        "self.activation(self.gate(x)) * self.up(x)",
        "self.gate(x) * self.activation(self.up(x))",
        PAIRS,
    ),
    Fault(
        "exact gelu for the approximate one",
        T,
        'functional.gelu(x, approximate="tanh")',
        "functional.gelu(x)",
        GPT2,
    ),
    Fault(
        "approximate gelu for the exact one",
        T,
        '"gelu": functional.gelu,',
        '"gelu": lambda x: functional.gelu(x, approximate="tanh"),',
        BERTS,
    ),
    Fault("quick gelu with another constant", T, "1.702 * x", "1.7 * x", IMAGES),
    Fault(
        "keys and values exchanged",
        T,
        "return self.split(self.key(source)), self.split(self.value(source))",
        "return self.split(self.value(source)), self.split(self.key(source))",
        BERTS,
    ),
    Fault(
        "heads mixed up",
        T,
        "self.output(y.transpose(1, 2).flatten(2))",
        "self.output(y.transpose(1, 3).flatten(2))",
        BERTS,
    ),
    Fault(
        "memory projected from the decoder",
        T,
        "held = cross.project(step.memory)",
        "held = cross.project(x)",
        PAIRS,
    ),
    Fault(
        "cross-attention shares one block's keys",
        T,
        "held = None if step.cache is None else step.cache.memory[self.index]",
        "held = None if step.cache is None else step.cache.memory[0]",
        PAIRS,
    ),
    Fault(
        "shown weights without the mask",
        T,
        "            scores = scores.masked_fill(~mask, -math.inf)\n        return",
        "            pass\n        return",
        BERTS,
    ),
    Fault(
        "hidden states after the block only",
        T,
        "            trace.hidden.append(x)\n            if trace.weights:",
        "            if trace.weights:",
        BERTS,
    ),
    Fault(
        "dropout inside the network forgotten",
        T,
        "self.down(self.dropout(inner))",
        "self.down(inner)",
        FIRST_VALUES,
    ),
    Fault(
        "dropout after the last norm forgotten",
        T,
        "out: Tensor = self.dropout(self.norm(x))",
        "out: Tensor = self.norm(x)",
        FIRST_VALUES,
    ),
    # Distances
    Fault(
        "direction of distances",
        "nn/relative.py",
        "(offset > 0).long() * n",
        "(offset < 0).long() * n",
        PAIRS,
    ),
    Fault(
        "distances from 0 behind a cache",
        "nn/relative.py",
        "queries = torch.arange(past, past + n, device=device)",
        "queries = torch.arange(n, device=device)",
        PAIRS,
    ),
    Fault(
        "near distances one fewer",
        "nn/relative.py",
        "distance < near, distance, far",
        "distance < near - 1, distance, far",
        CORE,
    ),
    Fault(
        "decoder looks both ways",
        "nn/relative.py",
        "self.both_ways = not config.causal",
        "self.both_ways = True",
        PAIRS,
    ),
    # The cache
    Fault("cache forgets to advance", T, "cache.advance(x.shape[1])", "pass", GPT2),
    Fault(
        "cache loses what it held when it grows",
        "nn/cache.py",
        "buffer[:, :, : self.length] = old[:, :, : self.length]",
        "pass",
        GPT2,
    ),
    # Embeddings
    Fault(
        "first position",
        E,
        "(places + self.first_position)",
        "(places + max(0, self.first_position - 1))",
        PAIRS,
    ),
    Fault(
        "past ignored",
        E,
        "places = torch.arange(past, end, device=ids.device)",
        "places = torch.arange(end - past, device=ids.device)",
        PAIRS,
    ),
    Fault(
        "scale of tokens forgotten", E, "self.tokens(ids) * self.scale", "self.tokens(ids)", PAIRS
    ),
    Fault(
        "segments forgotten",
        E,
        "x + self.types(torch.zeros_like(ids) if types is None else types)",
        "x + self.types(torch.zeros_like(ids))",
        BERTS,
    ),
    Fault(
        "padding counted",
        E,
        "mask.long().cumsum(-1).masked_fill(~mask, 0) - 1",
        "torch.ones_like(mask).long().cumsum(-1) - 1",
        GPT2,
    ),
    Fault(
        "sinusoids interleaved",
        E,
        "torch.cat([angles.sin(), angles.cos()[:, : width - half]], dim=1)",
        "torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)",
        PAIRS,
    ),
    Fault(
        "norm of embeddings forgotten",
        E,
        "self.projection(self.dropout(self.norm(x)))",
        "self.projection(self.dropout(x))",
        BERTS,
    ),
    Fault(
        "patches in columns",
        E,
        "self.patches(images).flatten(2).transpose(1, 2)",
        "self.patches(images).transpose(2, 3).flatten(2).transpose(1, 2)",
        IMAGES,
    ),
    Fault(
        "first state of an image at the end",
        E,
        "torch.cat([self.first.expand(len(x), 1, -1), x], dim=1)",
        "torch.cat([x, self.first.expand(len(x), 1, -1)], dim=1)",
        IMAGES,
    ),
    # Heads
    Fault(
        "pooled from the last position",
        H,
        "self.activation(self.dense(states[:, 0]))",
        "self.activation(self.dense(states[:, -1]))",
        BERTS,
    ),
    Fault(
        "last end of text instead of the first",
        H,
        "scores = ids if self.end is None else (ids == self.end).int()",
        "scores = ids if self.end is None else (ids == self.end) * torch.arange(ids.shape[1])",
        IMAGES,
    ),
    Fault(
        "the highest id for any end",
        H,
        "scores = ids if self.end is None else (ids == self.end).int()",
        "scores = ids",
        IMAGES,
    ),
    Fault(
        "first end of a text for classes",
        H,
        "(places * (ids == self.end)).argmax(-1)",
        "(ids == self.end).int().argmax(-1)",
        PAIRS,
    ),
    Fault(
        "last position, padding or not",
        H,
        "return (places * mask).argmax(-1) -",
        "return (places * torch.ones_like(mask)).argmax(-1) -",
        GPT2,
    ),
    Fault(
        "bias of words forgotten",
        H,
        "tokens if self.weight is None else self.weight, self.bias)",
        "tokens if self.weight is None else self.weight)",
        BERTS,
    ),
    Fault("scale of the output layer forgotten", H, "states = states * self.scale", "pass", PAIRS),
    Fault(
        "norm before the bend",
        H,
        "x = self.norm(self.activation(self.dense(output.states)))",
        "x = self.activation(self.norm(self.dense(output.states)))",
        BERTS,
    ),
    Fault(
        "own output layer ignored",
        H,
        "tokens if self.weight is None else self.weight,",
        "tokens,",
        GPT2,
    ),
    Fault(
        "sigmoid and softmax exchanged",
        H,
        'return logits.sigmoid() if problem == "multi_label_classification"',
        'return logits.sigmoid() if problem != "multi_label_classification"',
        OPENING,
    ),
    # Families
    Fault(
        "epsilon of BERT fixed",
        "models/bert.py",
        'norm_eps=s.number("layer_norm_eps", 1e-12)',
        "norm_eps=1e-12",
        BERTS,
    ),
    Fault(
        "two norms of BERT exchanged",
        "models/bert.py",
        '{theirs}.attention.output.LayerNorm", f"{ours}.self_attention_norm"',
        '{theirs}.attention.output.LayerNorm", f"{ours}.feed_forward_norm"',
        BERTS,
    ),
    Fault(
        "positions of RoBERTa from padding",
        "models/bert.py",
        's.index("pad_token_id", 1) + 1',
        's.index("pad_token_id", 1)',
        BERTS,
    ),
    Fault(
        "bend of RoBERTa's classes",
        "models/bert.py",
        'vector="first", hidden="tanh"',
        'vector="first", hidden="gelu"',
        BERTS,
    ),
    Fault(
        "bend of DistilBERT's classes", "models/bert.py", 'hidden="relu"', 'hidden="tanh"', BERTS
    ),
    Fault(
        "bend of RoBERTa's words as configured",
        "models/bert.py",
        '"gelu" if kind == "roberta" else config.activation',
        '"relu" if kind == "roberta" else config.activation',
        BERTS,
    ),
    Fault(
        "width of ELECTRA's words",
        "models/electra.py",
        'if s.size("embedding_size", s.size("hidden_size")) != s.size("hidden_size"):',
        "if False:",
        BERTS,
    ),
    Fault(
        "order of query, key and value",
        "models/gpt2.py",
        'names = ("query", "key", "value")',
        'names = ("key", "query", "value")',
        GPT2,
    ),
    Fault(
        "query, key and value not turned",
        "nn/table.py",
        "lambda t: list(t.T.chunk(3)), lambda ts: torch.cat(ts).T",
        "lambda t: list(t.chunk(3, 1)), lambda ts: torch.cat(ts, 1)",
        GPT2,
    ),
    Fault(
        "smaller residuals forgotten",
        "models/gpt2.py",
        "std=residual_std(std,",
        "std=(lambda std, depth: std)(std,",
        FIRST_VALUES,
    ),
    Fault(
        "version 1.1 scaled",
        "models/t5.py",
        'return s.flag("scale_decoder_outputs", _tied(s))',
        "return True",
        PAIRS,
    ),
    Fault(
        "gates of T5 exchanged",
        "models/t5.py",
        '{dense}.wi_0.weight", f"{mine}.feed_forward.gate.weight"',
        '{dense}.wi_0.weight", f"{mine}.feed_forward.up.weight"',
        PAIRS,
    ),
    Fault(
        "heads of BART's decoder",
        "models/bart.py",
        'heads=s.size("decoder_attention_heads")',
        'heads=s.size("encoder_attention_heads")',
        PAIRS,
    ),
    Fault(
        "two unused rows of BART forgotten",
        "models/bart.py",
        "FIRST_POSITION = 2",
        "FIRST_POSITION = 1",
        PAIRS,
    ),
    Fault(
        "start token of mBART", "models/bart.py", "start = None if pre_norm else", "start =", PAIRS
    ),
    Fault(
        "norm of pooled images forgotten",
        "models/clip.py",
        "pooler or FirstStateNorm(config.width, config.norm_eps)",
        "pooler",
        IMAGES,
    ),
    Fault(
        "vectors of any length compared",
        "models/two_towers.py",
        "image = functional.normalize(seen.projected, dim=-1)",
        "image = seen.projected",
        IMAGES,
    ),
    Fault(
        "logarithm of the scale",
        "models/two_towers.py",
        "self.log_scale.exp()",
        "self.log_scale",
        IMAGES,
    ),
    Fault(
        "Japanese positions as RoBERTa's",
        "models/dual_encoder.py",
        "return part.replaced(position_offset=0)",
        "return part",
        IMAGES,
    ),
    # Files
    Fault(
        "unknown tensors passed over",
        "nn/table.py",
        "if missing or unknown:",
        "if missing:",
        TABLES,
    ),
    Fault(
        "copies not compared",
        "nn/table.py",
        "if not torch.equal(theirs[where[name]], theirs[where[repeated]]):",
        "if False:",
        TABLES,
    ),
    Fault(
        "shapes not compared",
        "models/open.py",
        "check_shapes(part, model, values, theirs)",
        "pass",
        REFUSALS,
    ),
    Fault("depth not compared", "models/open.py", "check_depth(part, weights)", "pass", REFUSALS),
    Fault(
        "architecture of the old head kept",
        "models/opened.py",
        '"architectures": [self.architecture],',
        "",
        OPENING,
    ),
    Fault(
        "tokenizer left behind",
        "models/opened.py",
        "_copy_companions(self.folder, beside)",
        "pass",
        OPENING,
    ),
    Fault(
        "a folder of other things replaced",
        "models/opened.py",
        "if not folder.exists():\n        return",
        "if True:\n        return",
        OPENING,
    ),
    Fault(
        "dtype ignored",
        "models/open.py",
        "name: value.to(wanted_dtype) if value.is_floating_point() else value",
        "name: value",
        OPENING,
    ),
    Fault(
        "a size that is not so",
        "models/bert.py",
        '"bert-large": Size(_bert(1024, 24, 16, 30522)',
        '"bert-large": Size(_bert(1024, 23, 16, 30522)',
        SIZES,
    ),
]
