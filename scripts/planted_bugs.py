"""Bugs of the kinds that ruin results without a word, each with the tests that should notice it.

A bug is a text that stands exactly once in a file of the package, and what it becomes. `scripts/plant_bugs.py` plants
one after another; `tests/test_planted_bugs.py` checks that all of them still can be.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """A change that ruins something.

    Attributes:
        file: The file, from the package's folder.
        old: What stands there, once.
        new: What it becomes.
        tests: Test files that should notice, from the folder `tests`.
    """

    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def _in(file: str, tests: str, *changes: tuple[str, str]) -> Iterator[Bug]:
    for old, new in changes:
        yield Bug(file=file, old=old, new=new, tests=tuple(f"{name}.py" for name in tests.split()))


BUGS: tuple[Bug, ...] = (
    *_in(
        "training/loop.py",
        "training/test_selection training/test_slow_loop training/test_checkpoints pipeline/test_resume",
        ("            self.distiller.student.load_state_dict(self.best)\n", "            pass\n"),
        ("choice.step == position.step and not takes_last", "not takes_last"),
        (
            "value.detach().cpu().clone() for key, value in weights.items()",
            "value.detach() for key, value in weights.items()",
        ),
        ("position.choice.since_best >= patience", "position.choice.since_best > patience + 99"),
        ("        self.model.train()\n", "        self.model.eval()\n"),
        ("self.stage.schedule.multiplier(number, self.total)", "self.stage.schedule.multiplier(0, self.total)"),
        ("        clip_gradients(self.run.accelerator, self.model.parameters(), self.stage)\n", ""),
        ("        self.optimizer.zero_grad(set_to_none=True)\n", ""),
        ("is_wanted and position.step < self.total", "is_wanted"),
        ("            self.best = checkpoints.restore(start, self._state())\n", "            pass\n"),
        ("            self.losses.logged_step = start.logged_step\n", ""),
        ('takes_last = self.stage.select == "last"', "takes_last = True"),
        ("return Position(stage=position.stage + 1, seconds=position.seconds)", "return replace(position, step=0)"),
        ("part if self.masker is None else self.masker.mask(part)", "part"),
    ),
    *_in(
        "training/choosing.py",
        "training/test_near_ties training/test_selection",
        ("max(seen) - margin", "max(seen) + margin"),
        ("scores.distance < self.distance", "scores.distance > self.distance"),
        ("scores.score > max(self.scores, default=-math.inf)", "scores.score < max(self.scores, default=-math.inf)"),
        ("self.scores.index(max(self.scores))", "self.scores.index(min(self.scores))"),
        ("scores.score < bar or", "scores.score > bar or"),
    ),
    *_in(
        "training/checkpoint.py",
        "training/test_checkpoints pipeline/test_resume",
        ("self._all()[: -self.keep]", "self._all()[self.keep :]"),
        ("reversed(self._all())", "self._all()"),
        ("read_random_states(place,", "(lambda *a, **k: None)(place,"),
        ("                events.check(position.events_size, position.events_sum)\n", ""),
        ("                check_folder(place, remedy=_REMEDY)\n", ""),
    ),
    *_in(
        "training/events.py",
        "training/test_checkpoints pipeline/test_resume",
        ("            os.truncate(self.path, size)\n", "            pass\n"),
    ),
    *_in(
        "training/loss_log.py",
        "training/test_slow_loop training/test_checkpoints",
        ("        self.sums.zero_()\n", ""),
        ('reduction="mean") / steps', 'reduction="mean") / position.step'),
        ("        self.logged_step = position.step\n", ""),
    ),
    *_in(
        "training/steps.py",
        "training/test_schedule_and_steps training/test_selection training/test_checkpoints",
        ("if done + position >= start:", "if done + position > start:"),
        ("plan = self.epoch(epoch)\n            for", "plan = self.epoch(0)\n            for"),
        ("number == total or self.crosses", "self.crosses"),
        ("count = max(count, bounds.min_steps)", "count = max(count, 1)"),
        ("round((bounds.passes - whole) * len(self.epoch(whole)))", "0"),
    ),
    *_in(
        "training/config.py",
        "training/test_schedule_and_steps training/test_optimizers",
        ("return (step + 1) / warmup_steps", "return 1.0"),
        ("return (total - step) / max(1, total - warmup_steps)", "return 1.0"),
        ("done / self.warmup if done < self.warmup", "1.0 if done < self.warmup"),
    ),
    *_in(
        "training/optimizer.py",
        "training/test_optimizers",
        ('if p.ndim < 2], "weight_decay": 0.0', 'if p.ndim < 2], "weight_decay": weight_decay'),
        ('if p.ndim >= 2], "weight_decay": weight_decay', 'if p.ndim >= 2], "weight_decay": 0.0'),
        ("betas=self.betas, eps=self.epsilon, fused=True", "eps=self.epsilon, fused=True"),
    ),
    *_in(
        "training/bert_adam.py",
        "training/test_optimizers",
        ("torch.full((), math.inf,", "torch.full((), 1.0,"),
        ('lr=group["lr"],', 'lr=group["lr"] / 2,'),
    ),
    *_in(
        "training/clipping.py",
        "training/test_optimizers training/test_slow_loop",
        ("(max_norm / (norms + 1e-6)).clamp(max=1.0)", "max_norm / (norms + 1e-6)"),
        ('if stage.clip_scope == "tensor":', 'if stage.clip_scope != "tensor":'),
    ),
    *_in(
        "training/masking.py",
        "training/test_masking",
        ("self.weights[sorted(special_ids)] = 0.0", "self.weights[:0] = 0.0"),
        ("math.ceil(self.config.rate * int(batch.token_mask.sum()))", "math.ceil(self.config.rate * ids.numel())"),
        ("self.config.mask_share + self.config.random_share\n        return", "self.config.mask_share\n        return"),
        ("pow(-config.smoothing)", "pow(config.smoothing)"),
        ("targets[chosen] = ids[chosen]", "targets[chosen] = hidden[0]"),
    ),
    *_in(
        "training/rates.py",
        "training/test_slow_loop pipeline/test_rates",
        ("best = min(losses, key=losses.__getitem__)", "best = max(losses, key=losses.__getitem__)"),
        ("copied, found = copy.deepcopy(self.distiller), [math.inf]", "copied, found = self.distiller, [math.inf]"),
        ("min(stage.trial_steps, total)", "stage.trial_steps"),
        ("        with torch.random.fork_rng():\n", "        if True:\n"),
        ("order[held_out if len(order) > 1 else 0 :]", "order"),
    ),
    *_in(
        "training/distiller.py",
        "training/test_following training/test_slow_loop contracts/test_partly_labelled pipeline/test_projections",
        ("(losses * self.weights).sum(), losses.detach()", "losses.sum(), losses.detach()"),
        ("part = batch if reads_gold else replace(batch, labels=None, label_mask=None)", "part = batch"),
        ("part if reads_answers else replace(part, answer_mask=None)", "part"),
        ("targets.get(number, nothing)", "next(iter(targets.values()), nothing)"),
        ("                objective.load_state_dict(theirs)\n", ""),
        ("token_mask=batch.shared[number], ", ""),
        ("            losses = losses * shares\n", "            pass\n"),
    ),
    *_in(
        "objectives/soft_labels.py",
        "objectives/test_against_slow_losses contracts/test_objective_contracts objectives/test_partial_answers",
        ("config.temperature**2 if config.temperature_squared else 1.0", "1.0"),
        ("config.temperature**2 if", "config.temperature if"),
        ("    teacher = teacher / temperature\n", ""),
        ('reduction="batchmean"', 'reduction="mean"'),
        ("            ours, theirs = _as_pairs(ours), _as_pairs(theirs)\n", "            pass\n"),
        ("student_log_probs, teacher.log_softmax(dim=-1)", "teacher.log_softmax(dim=-1), student_log_probs"),
        ("log_probs.masked_fill(told, _NEVER)", "log_probs.masked_fill(~told, _NEVER)"),
        ("            factor /= student.logits.shape[1]\n", "            pass\n"),
    ),
    *_in(
        "objectives/hard_labels.py",
        "objectives/test_against_slow_losses contracts/test_objective_contracts pipeline/test_other_students",
        ("    if labels.ndim == 2:\n", "    if False:\n"),
        ("functional.mse_loss(student[:, 0],", "functional.l1_loss(student[:, 0],"),
        ("functional.cross_entropy(student, labels)", "functional.cross_entropy(student, labels, label_smoothing=0.1)"),
    ),
    *_in(
        "objectives/hidden_states.py",
        "objectives/test_against_slow_losses contracts/test_objective_contracts objectives/test_fitted_projections",
        ("torch.stack(terms).sum()", "torch.stack(terms).mean()"),
        (".square().mean(dim=-1)", ".square().sum(dim=-1)"),
        ("((0, 0), *layers) if self.include_embeddings else layers", "((0, 0), *layers)"),
        ("position % len(self.projections)", "0"),
        ("errors.mean() if reduction ==", "errors.mean() if reduction !="),
    ),
    *_in(
        "objectives/hidden_cosine.py",
        "objectives/test_against_slow_losses",
        ("1 - functional.cosine_similarity", "functional.cosine_similarity"),
    ),
    *_in(
        "objectives/patience.py",
        "objectives/test_against_slow_losses objectives/test_state_numbers",
        ("    if normalise:\n", "    if not normalise:\n"),
        ("student.hidden_states[layer][:, 0] for", "student.hidden_states[layer][:, -1] for"),
        ("squares.sum(dim=(1, 2)).sum() / num_shared", "squares.sum() / squares.numel()"),
    ),
    *_in(
        "objectives/logits_mse.py",
        "objectives/test_against_slow_losses",
        ("squares.sum(dim=1) if sum_labels else squares.mean(dim=1)", "squares.mean(dim=1)"),
    ),
    *_in(
        "objectives/masked_means.py",
        "objectives/test_against_slow_losses contracts/test_objective_contracts",
        ("values.masked_fill(~token_mask, 0).sum() / token_mask.sum()", "values.sum() / token_mask.sum()"),
        ("row_sums.shape[1] * num_pairs(token_mask)", "num_pairs(token_mask)"),
        ("token_mask.sum(dim=1).square().sum()", "token_mask.sum().square()"),
        ("values.shape[1] * token_mask.sum(dim=1)", "values.shape[1] * values.shape[2]"),
    ),
    *_in(
        "objectives/masked_lm.py",
        "objectives/test_vocabulary",
        ("total / max(1, len(targets))", "total / max(1, target_ids.numel())"),
    ),
    *_in(
        "objectives/relations.py",
        "objectives/test_against_slow_losses",
        ("torch.stack(terms).sum()", "terms[0]"),
        ('"key": outputs.keys, "value": outputs.values', '"key": outputs.values, "value": outputs.keys'),
        (
            "states.transpose(1, 2).reshape(batch, tokens, num_heads, -1)",
            "states.reshape(batch, tokens, num_heads, -1)",
        ),
    ),
    *_in(
        "objectives/score_gram.py",
        "objectives/test_score_gram",
        (
            "student_queries.shape[-1] / teacher_queries.shape[-1]",
            "teacher_queries.shape[-1] / student_queries.shape[-1]",
        ),
        ("2 * e_own * b_beyond", "e_own * b_beyond"),
        ("distance / student_queries.shape[-1]", "distance"),
    ),
    *_in(
        "objectives/vocabulary_soft_labels.py",
        "objectives/test_vocabulary",
        ("return temperature**2 * vocabulary_divergence(", "return vocabulary_divergence("),
    ),
    *_in(
        "layer_map.py",
        "test_layer_map",
        ("(2 * layer * num_teacher + num_student)", "(2 * layer * num_teacher - num_student)"),
        ('0 if name == "bottom" else num_teacher - num_student', '0 if name == "top" else num_teacher - num_student'),
        ('num_student - 1 if name in ("skip", "last")', 'num_student - 1 if name in ("skip",)'),
    ),
    *_in(
        "teachers/ensemble.py",
        "teachers/test_ensemble pipeline/test_ensembles",
        ("shares = shares / shares.sum()", "shares = shares / 1.0"),
        ("[1.0] * len(logits) if weights is None else list(weights)", "[1.0] * len(logits)"),
        ('if combine == "logits":', "if True:"),
        ("combine=self.combine, weights=self.weights", "combine=self.combine"),
    ),
    *_in(
        "teachers/stored.py",
        "teachers/test_stored_logits",
        ("self.logits[batch.row_ids], told=told", "self.logits[: len(batch.row_ids)], told=told"),
        ('StateStore(folder, _LOGITS, "fp32")', 'StateStore(folder, _LOGITS, "bf16")'),
    ),
    *_in(
        "teachers/stored_states.py",
        "teachers/test_stored_states",
        ("places[:, 1][:, None] + columns", "places[:, 1][:, None] + columns[::-1]"),
        ("is_real & (places[:, 0] == shard)[:, None]", "is_real"),
    ),
    *_in(
        "teachers/rows.py",
        "teachers/test_stored_states",
        (
            "states = states.transpose(1, 2).flatten(2)",
            "states = states.flatten(2).reshape(states.shape[0], states.shape[2], -1)",
        ),
        ('rows * packed["scales"][:, None] if', "rows if"),
    ),
    *_in(
        "teachers/states.py",
        "teachers/test_stored_states teachers/test_alignment",
        ("            content.update(tokens.type_ids[start:stop].tobytes())\n", "            pass\n"),
        ("            content.update(alignment.write(number))\n", "            pass\n"),
        ('" ".join([form, *map(str, self.parts)])', '" ".join([*map(str, self.parts)])'),
    ),
    *_in(
        "teachers/online.py",
        "teachers/test_online pipeline/test_two_tokenizers",
        ("encoder.eval().requires_grad_(False)", "encoder.train().requires_grad_(False)"),
        ("self.own.pool(states, batch)", "states"),
    ),
    *_in(
        "pipeline/targets.py",
        "pipeline/test_found_again pipeline/test_ensembles pipeline/test_states pipeline/test_table_teacher",
        ('f"logits-{teacher.fingerprint}-{order}-{run.precision}"', 'f"logits-{teacher.fingerprint}-{order}"'),
        ('f"logits-{teacher.fingerprint}-{order}-{run.precision}"', 'f"logits-{order}-{run.precision}"'),
        ('f"logits-{teacher.fingerprint}-{order}-{run.precision}"', 'f"logits-{teacher.fingerprint}-{run.precision}"'),
        (
            "combine_logits(logits, combine=config.combine, weights=config.weights)",
            "combine_logits(logits, combine=config.combine)",
        ),
        ("torch.from_numpy(logits).to(run.device)", "torch.from_numpy(logits[::-1].copy()).to(run.device)"),
    ),
    *_in(
        "pipeline/states.py",
        "pipeline/test_found_again pipeline/test_states",
        ('f"states-{self.teacher.fingerprint}-{self.run.precision}"', 'f"states-{self.run.precision}"'),
        ('f"states-{self.teacher.fingerprint}-{self.run.precision}"', 'f"states-{self.teacher.fingerprint}"'),
    ),
    *_in(
        "pipeline/stages.py",
        "pipeline/test_seeds pipeline/test_projections pipeline/test_resume",
        ("torch.manual_seed(recipe.seed + 1000 * (number + 1))", "torch.manual_seed(1000 * (number + 1))"),
        (
            "position, projections = checkpoints.newest(events, run.callback.note), read_projections(recipe.student)",
            "position, projections = checkpoints.newest(events, run.callback.note), {}",
        ),
        ("        projections = distiller.projections()\n", ""),
        ("        distiller.fit_projections(batch, teachers, adopted=adopted)\n", ""),
        ("    events.cut(position.events_size)\n", ""),
    ),
    *_in(
        "pipeline/student.py",
        "pipeline/test_seeds pipeline/test_control_starts",
        ("    torch.manual_seed(recipe.seed)\n", "    torch.manual_seed(0)\n"),
        ('recipe.start_from == "teacher" and recipe.teacher.answers is None', "teacher is not None"),
    ),
    *_in(
        "pipeline/sources.py",
        "pipeline/test_seeds pipeline/test_choosing pipeline/test_augmented_stage pipeline/test_transfer_stage",
        ("config or BatchConfig(), seed=self.recipe.seed)", "config or BatchConfig(), seed=0)"),
        ('return self.batches_of("choosing", encoder)', 'return self.batches_of("dev", encoder)'),
        (
            "batches, gold, task = self.heldout(distiller.student), self.data.choosing.labels,",
            "batches, gold, task = self.batches(None, distiller.student), self.texts.labels,",
        ),
        (
            "draw_sample(self.batches(None, encoder), seed=self.recipe.seed)",
            'draw_sample(self.batches_of("dev", encoder), seed=self.recipe.seed)',
        ),
        (
            "with_labels(self.augmented.labels(self.recipe.augmentation.labels))",
            "with_labels(self.augmented.inherited)",
        ),
        ("of_texts(self.answers.find(examples) >= 0)", "of_texts(self.answers.find(examples) >= -1)"),
        ("batches = batches if chosen is None else batches.only(chosen)", "batches = batches"),
    ),
    *_in(
        "controls.py",
        "pipeline/test_control_starts pipeline/test_measuring",
        ("return recipe.without_teacher().with_base_start()", "return recipe.without_teacher()"),
        ("return recipe.without_teacher().with_random_start()", "return recipe.without_teacher()"),
        ("return recipe.without_teacher()\n\n\ndef _base_start", "return recipe\n\n\ndef _base_start"),
    ),
    *_in(
        "pipeline/measure.py",
        "pipeline/test_measuring pipeline/test_ensembles pipeline/test_run",
        ('place = run.folder if name == "student" else run.folder.nested(name)', "place = run.folder"),
        ("taught = teacher.dev_logits if split ==", "taught = teacher.dev_logits if split !="),
        ("merge_models(evaluated[:number], taught,", "merge_models(evaluated[:number], evaluated[0].logits,"),
    ),
    *_in(
        "pipeline/teacher.py",
        "pipeline/test_found_again pipeline/test_ensembles pipeline/test_mnli",
        ("run.source.data.fingerprint, fingerprint_model(base)]", "fingerprint_model(base)]"),
        ("run.source.data.fingerprint, fingerprint_model(base)]", "run.source.data.fingerprint]"),
        ("reorder_labels(encoder, match_labels(task, encoder.label_names), task.label_names)", "encoder"),
        ("combine=config.combine, weights=config.weights).numpy()", "combine=config.combine).numpy()"),
    ),
    *_in(
        "pipeline/shared_runs.py",
        "pipeline/test_found_again pipeline/test_general",
        (
            "identity = [made_of, corpus.fingerprint, fingerprint_model(require_base(part))]",
            "identity = [made_of, fingerprint_model(require_base(part))]",
        ),
        ('("student", "stages", "seed", "precision")', '("student", "stages", "precision")'),
    ),
    *_in(
        "pipeline/begun.py",
        "pipeline/test_begun",
        ('    check_same(folder, begun.get("content", now.content), now.content, word="content of")\n', ""),
        ('        check_same(folder, before.get("made", made), made, word="content of the")\n', ""),
    ),
    *_in(
        "data/batches.py",
        "data/test_batches",
        ("np.random.default_rng((self._seed, epoch))", "np.random.default_rng((self._seed, 0))"),
        ("np.random.default_rng((self._seed, epoch))", "np.random.default_rng((0, epoch))"),
        ("left = [batches.pop()] if batches else []", "left = []"),
        ("type_ids[mask] = tokens.type_ids[places]", "type_ids[mask] = 0"),
        ("np.full(mask.shape, tokens.padding_id, dtype=np.int64)", "np.full(mask.shape, 0, dtype=np.int64)"),
        (
            "ordered[find_places(self.tokenised.tokens.row_offsets, example_ids)] = rows",
            "ordered[:] = rows",
        ),
        (
            "labels[np.repeat(mask, counts)] = rows.take(example_ids[mask]).values",
            "labels[np.repeat(mask, counts)] = rows.values[: int(mask.sum())]",
        ),
    ),
    *_in(
        "data/splitting.py",
        "data/test_splitting",
        ("np.isin(text_of, chosen)", "np.isin(np.arange(len(split)), chosen)"),
        ("np.random.default_rng(seed).permutation(len(split))[:limit]", "np.arange(limit)"),
        ("split.take(np.flatnonzero(~is_drawn)), split", "split, split"),
    ),
    *_in(
        "data/labels.py",
        "data/test_labels data/test_label_sets cli/test_label_doors",
        ("return tuple(own.index(name) for name in other)", "return tuple(range(len(other)))"),
        (
            "return tuple(task.label_names.index(name) for name in task.model_labels)",
            "return tuple(range(len(task.model_labels)))",
        ),
        ("in_order = all(match and int(match[1]) == index for", "in_order = all(match for"),
        ("        if task.has_agreed_order:\n", "        if True:\n"),
    ),
    *_in(
        "data/duplicates.py",
        "data/test_transfer",
        ("_NEAR = 0.8", "_NEAR = 0.99"),
        ('" ".join(unicodedata.normalize("NFKC", text).casefold().split())', "text"),
    ),
    *_in(
        "hub/labels.py",
        "hub/test_loading pipeline/test_mnli",
        ("layer.weight[list(places)] = layer.weight.clone()", "layer.weight[:] = layer.weight[list(places)].clone()"),
        ("                layer.bias[list(places)] = layer.bias.clone()\n", "                pass\n"),
    ),
    *_in(
        "hub/tokenizing.py",
        "data/test_tokenised cli/test_reading_line hub/test_loading pipeline/test_reference_path",
        ("None if pairs is None else list(pairs[start:stop]),", "None,"),
        ("sum(bool(each.overflowing) for each", "sum(False for each"),
        (
            "                add_special_tokens=True,\n                return_attention_mask",
            "                add_special_tokens=False,\n                return_attention_mask",
        ),
    ),
    *_in(
        "evaluation/labelled.py",
        "evaluation/test_evaluate",
        (
            "ordered[:, list(match_labels(task, label_names))] = logits",
            "ordered[:] = logits[:, list(match_labels(task, label_names))]",
        ),
    ),
    *_in(
        "evaluation/evaluate.py",
        "evaluation/test_evaluate evaluation/test_speed_and_size",
        ("answer.fidelity(logits, teacher_logits)", "answer.fidelity(teacher_logits, logits)"),
        ('teacher_logits is not None and subject.role != "teacher"', "teacher_logits is not None"),
    ),
    *_in(
        "evaluation/comparing.py",
        "evaluation/test_evaluate pipeline/test_measuring",
        ("difference=ours - theirs,", "difference=theirs - ours,"),
        ("share=ours / theirs if theirs > 0 else None", "share=theirs / ours if theirs > 0 else None"),
        ("model.logits, other.logits, gold)\n    ours", "other.logits, model.logits, gold)\n    ours"),
    ),
    *_in(
        "evaluation/ensemble.py",
        "pipeline/test_ensembles evaluation/test_evaluate",
        ('"metrics": task.answer.measure(task.metrics, logits, gold),', '"metrics": results[0].metrics,'),
        (
            "name: 1 / sum(1 / getattr(speed, name) for speed in speeds)",
            "name: sum(getattr(speed, name) for speed in speeds)",
        ),
        ('"size_bytes": sum(each.size_bytes for each in results)', '"size_bytes": results[0].size_bytes'),
    ),
    *_in(
        "answers/intervals.py",
        "answers/test_intervals",
        ('method="wilson"', 'method="exact"'),
        ("[(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]", "[1 - CONFIDENCE, CONFIDENCE]"),
        ("times if gold.is_one_each else times[:, owners]", "times"),
        (
            "int((student & ~other).sum()), int((other & ~student).sum())",
            "int((student & other).sum()), int((other & ~student).sum())",
        ),
    ),
    *_in(
        "answers/metrics.py",
        "answers/test_metrics answers/test_several_labels",
        ("class_f1(tallies)[:, 1]", "class_f1(tallies)[:, 0]"),
        ("(gold + predicted > 0).sum(axis=1)", "(gold > 0).sum(axis=1)"),
        (
            "ratio(2 * tallies.hits, tallies.gold + tallies.predicted)",
            "ratio(tallies.hits, tallies.gold + tallies.predicted)",
        ),
        ("(predicted == gold).all(axis=1)", "(predicted == gold).any(axis=1)"),
        ("return pearson(rankdata(first, axis=-1), rankdata(second, axis=-1))", "return pearson(first, second)"),
    ),
    *_in(
        "answers/fidelity.py",
        "answers/test_fidelity answers/test_several_labels",
        ("np.exp(log_teacher) * (log_teacher - log_student)", "np.exp(log_student) * (log_student - log_teacher)"),
        ("each.reshape(student.shape).sum(axis=1)", "each.reshape(student.shape).mean(axis=1)"),
    ),
    *_in(
        "answers/calibration.py",
        "answers/test_calibration",
        ("np.ceil(confidence * num_bins)", "np.floor(confidence * num_bins + 1)"),
        ("/ len(is_right)", "/ len(bins)"),
    ),
    *_in(
        "answers/classes.py",
        "answers/test_classes",
        (
            "ratio(tallies.hits, tallies.predicted), ratio(tallies.hits, tallies.gold)",
            "ratio(tallies.hits, tallies.gold), ratio(tallies.hits, tallies.predicted)",
        ),
        ("np.stack([gold, predicted])", "np.stack([predicted, gold])"),
    ),
    *_in(
        "answers/several_labels.py",
        "answers/test_several_labels answers/test_metrics",
        ("if share > 0.5)", "if share > 0.1)"),
    ),
    *_in(
        "answers/score.py",
        "suites/test_submission data/test_known_tasks answers/test_columns",
        ("min(max(float(decided), low), high)", "float(decided)"),
    ),
    *_in(
        "answers/rows.py",
        "answers/test_label_rows",
        ("np.repeat(offsets[example_ids], counts)", "np.repeat(offsets[:-1][: len(example_ids)], counts)"),
    ),
    *_in(
        "students/narrowing.py",
        "students/test_svd_start students/test_distilbert_student",
        ("(size / their_size) ** 0.25", "1.0"),
        (
            "used_positions(theirs, without_types=ours.types is None)\n        ours.positions",
            "theirs.positions.weight[theirs.first_position :]\n        ours.positions",
        ),
        ("logits = theirs.classifier(pooled)", "logits = -theirs.classifier(pooled)"),
        ("scores.topk(count).indices.sort().values", "(-scores).topk(count).indices.sort().values"),
    ),
    *_in(
        "students/starts.py",
        "students/test_starts students/test_distilbert_student",
        ("their_layer = theirs.layers[number - 1]", "their_layer = theirs.layers[0]"),
        ("    _copy(ours.embedding_norm, theirs.embedding_norm)\n", ""),
        ("rows + parts.types.weight[0] if without_types", "rows if without_types"),
        ("            _copy(to, origin)\n", "            pass\n"),
    ),
    *_in(
        "students/svd.py",
        "students/test_svd_start",
        ("cut, states[number - 1])", "cut, states[number])"),
        ("narrowing.cut_head(cut, states[numbers[-1]])", "narrowing.cut_head(cut, states[0])"),
    ),
    *_in(
        "engines/turns.py",
        "evaluation/test_speed_and_size serving/test_bench_numbers",
        ("statistics.median(seconds)", "min(seconds)"),
        ("slowest=num_sentences / max(seconds)", "slowest=num_sentences / min(seconds)"),
        ("            if number >= 0:\n", "            if True:\n"),
    ),
    *_in(
        "serving/export_gate.py",
        "serving/test_export_gate",
        ("if not worst <= config.tolerance:", "if False:"),
    ),
    *_in(
        "reporting/headline.py",
        "reporting/test_advice reporting/test_run_report",
        ("'better' if item.difference > 0 else 'worse'", "'worse' if item.difference > 0 else 'better'"),
        ("write_hundred(ours.score / theirs.score)", "write_hundred(theirs.score / ours.score)"),
    ),
    *_in(
        "results/worth.py",
        "results/test_worth",
        ('": it did harm" if high < 0', '": it did harm" if low > 0'),
    ),
    *_in(
        "results/warning.py",
        "results/test_worth results/test_warning",
        ("pair is not None and pair.interval[1] < 0", "pair is not None and pair.interval[0] < 0"),
        ("is_close = words.interval[0] <= 0 and", "is_close = words.interval[1] <= 0 and"),
        ("each.recall == 0 and each.support", "each.support"),
    ),
    *_in(
        "files/seals.py",
        "files/test_seals pipeline/test_stored_things",
        ("if found not in known:", "if False:"),
        ("    for name in _read_seal(folder):\n", "    for name in ():\n"),
    ),
    *_in(
        "augmentation/output.py",
        "augmentation/test_rows pipeline/test_augmented_stage cli/test_augment",
        ("source_label = labels.sources[row.source]", "source_label = labels.sources[max(0, row.source - 1)]"),
        ("        if not is_same:\n", "        if False:\n"),
        ('"original" if row.is_original else method', "method"),
    ),
    *_in(
        "augmentation/tinybert.py",
        "augmentation/test_tinybert augmentation/test_rows",
        ("if decision < self._probability", "if decision > self._probability"),
        ("int(choice * len(candidates[position]))", "0"),
    ),
    *_in(
        "augmentation/balancing.py",
        "augmentation/test_rows",
        ("tries = _fill(sizes, rows * copies)", "tries = sizes * copies"),
    ),
    *_in(
        "pipeline/augmented.py",
        "pipeline/test_augmented_stage pipeline/test_found_again",
        ('folder, note = run.folder.store / f"augmented-{key}"', 'folder, note = run.folder.store / "augmented"'),
        ("values[~is_original] =", "values[is_original] ="),
        (
            'labels.take(np.array(columns["source_row"], dtype=np.int64))',
            'labels.take(np.array(columns["source_row"], dtype=np.int64)[::-1].copy())',
        ),
    ),
    *_in(
        "data/answer_table.py",
        "pipeline/test_table_teacher answers/test_told_answers",
        ("np.where(known[places] == wanted, places, -1)", "places"),
        ("exact=hash_folded(_as_they_stand(some))", "exact=hash_folded(_as_they_stand(split))[: len(some)]"),
        ("    _check_agreement(place, answered)\n", ""),
    ),
    *_in(
        "teachers/alignment.py",
        "teachers/test_alignment pipeline/test_two_tokenizers",
        ('mode="mean"', 'mode="sum"'),
        ("np.diff(self.begins) > 0", "np.diff(self.begins) >= 0"),
        ("np.arange(len(examples)) * width", "np.arange(len(examples)) * 0"),
    ),
    *_in(
        "suites/submission.py",
        "suites/test_submission",
        ("        if len(answers) != self.num_rows:\n", "        if False:\n"),
    ),
)
