// The view of the explorer. Python makes every word, the curve and the outputs of the units; here
// they are put on the page, and the step that is shown is chosen.

const PAUSE = 150; // milliseconds without a change before the controls are sent
const FRAME = 80; // milliseconds a step is shown while playing

const LABELS = {
  scheme: "Scheme",
  scale: "Scale",
  depth: "Depth (hidden layers)",
  width: "Width (units a layer)",
  activation: "Activation",
  seed: "Seed",
  steps: "Steps",
};
const LISTS = new Set(["scheme", "activation"]); // the others are sliders

const SVG = "http://www.w3.org/2000/svg"; // a name, nothing is fetched

let views = 0;

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

// A slider over the places of a list, whose values it shows and reads out.
function slider(id, values, text) {
  const input = element("input", { type: "range", id, min: 0, max: values.length - 1, step: 1 });
  const output = element("output", { for: id });
  const show = () => {
    output.textContent = text(values[input.value]);
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.addEventListener("input", show);
  return {
    nodes: [input, output],
    input,
    get: () => values[input.value],
    set: (value) => {
      input.value = values.indexOf(value);
      show();
    },
  };
}

function list(id, values) {
  const input = element("select", { id });
  input.append(...values.map((value) => element("option", { value }, value)));
  return {
    nodes: [input],
    input,
    get: () => input.value,
    set: (value) => {
      input.value = value;
    },
  };
}

function bytes(view) {
  return new Uint8ClampedArray(view.buffer, view.byteOffset, view.byteLength);
}

function render({ model, el }) {
  const prefix = `initlens-${(views += 1)}`;
  const choices = model.get("choices");
  const palette = bytes(choices.palette);
  const grid = choices.grid;

  // ---- controls ---------------------------------------------------------------------------
  const form = element("form", { class: "controls" });
  form.addEventListener("submit", (event) => event.preventDefault());
  const controls = {};
  for (const [name, label] of Object.entries(LABELS)) {
    const id = `${prefix}-${name}`;
    controls[name] = LISTS.has(name)
      ? list(id, choices[name])
      : slider(id, choices[name], (value) => value.toLocaleString("en"));
    controls[name].input.addEventListener("input", changed);
    form.append(
      element("div", {}, element("label", { for: id }, label), ...controls[name].nodes)
    );
  }

  let timer = null;
  function changed() {
    root.setAttribute("aria-busy", "true");
    clearTimeout(timer);
    timer = setTimeout(send, PAUSE);
  }
  function send() {
    timer = null;
    const positions = { serial: model.get("controls").serial + 1 };
    for (const name of Object.keys(LABELS)) {
      positions[name] = controls[name].get();
    }
    model.set("controls", positions);
    model.save_changes();
  }
  function showControls() {
    const positions = model.get("controls");
    for (const name of Object.keys(LABELS)) {
      controls[name].set(positions[name]);
    }
  }

  // ---- words ------------------------------------------------------------------------------
  const title = element("p", { class: "title" });
  const start = element("div", { class: "start" });
  const end = element("p", { class: "end" });
  const words = element("div", { role: "status", "aria-live": "polite" }, title, start, end);
  const legend = element("p");
  const code = element("code");
  const recipe = element(
    "details",
    {},
    element("summary", {}, "This start in Python"),
    element("pre", {}, code)
  );

  // ---- the step ---------------------------------------------------------------------------
  const stepId = `${prefix}-step`;
  const step = element("input", { type: "range", id: stepId, min: 0, step: 1 });
  const stepText = element("output", { for: stepId });
  const rewind = element("button", { type: "button" }, "Rewind");
  const play = element("button", { type: "button" }, "Play");
  const time = element(
    "div",
    { class: "time" },
    rewind,
    play,
    element("label", { for: stepId }, "Shown step"),
    step,
    stepText
  );
  step.addEventListener("input", () => {
    pause();
    showStep();
  });
  rewind.addEventListener("click", () => {
    pause();
    step.value = 0;
    showStep();
  });
  let playing = null;
  play.addEventListener("click", () => {
    if (playing) {
      pause();
      return;
    }
    if (step.value === step.max) {
      step.value = 0;
    }
    play.textContent = "Pause";
    playing = setInterval(() => {
      step.value = Number(step.value) + 1;
      showStep();
      if (step.value === step.max) {
        pause();
      }
    }, FRAME);
  });
  function pause() {
    clearInterval(playing);
    playing = null;
    play.textContent = "Play";
  }

  // ---- pictures ---------------------------------------------------------------------------
  const curve = element("div", { class: "curve" });
  const layers = element("div");
  let marker = null;
  let captions = [];
  let canvases = [];
  let frames = null;

  function build(result) {
    curve.innerHTML = result.curve;
    marker = curve.firstChild.appendChild(document.createElementNS(SVG, "path"));
    marker.setAttribute("stroke", "currentColor");
    layers.replaceChildren();
    captions = [];
    canvases = [];
    const drawn = result.frames.byteLength > 0;
    frames = drawn ? bytes(result.frames) : null;
    result.units.forEach((units, layer) => {
      const last = layer === result.units.length - 1;
      const name = last ? "output" : `layer ${layer + 1}`;
      const caption = element("figcaption");
      captions.push(caption);
      const strip = element("div", { class: "units" });
      for (let unit = 0; drawn && unit < units; unit += 1) {
        const canvas = element("canvas", { width: grid, height: grid, role: "img" });
        canvas.setAttribute("aria-label", `${name}, unit ${unit + 1} over the plane`);
        canvases.push(canvas);
        const frame = element("div", {}, canvas);
        if (last) {
          frame.insertAdjacentHTML("beforeend", choices.points);
        }
        strip.append(frame);
      }
      layers.append(element("figure", last ? { class: "output" } : {}, caption, strip));
    });
  }

  function draw(canvas, values) {
    const context = canvas.getContext("2d");
    const image = context.createImageData(grid, grid);
    values.forEach((value, place) => {
      image.data.set(palette.subarray(3 * value, 3 * value + 3), 4 * place);
      image.data[4 * place + 3] = 255;
    });
    context.putImageData(image, 0, 0);
  }

  function showStep() {
    const result = model.get("result");
    const row = Number(step.value);
    const now = result.steps[row].toLocaleString("en");
    stepText.textContent = `${now}, loss ${result.losses[row]}`;
    step.setAttribute("aria-valuetext", `step ${stepText.textContent}`);
    const [left, right, top, bottom] = curve.firstChild.dataset.box.split(" ").map(Number);
    const share = result.steps[row] / Math.max(1, result.steps.at(-1));
    marker.setAttribute("d", `M${left + share * (right - left)} ${top}V${bottom}`);
    captions.forEach((caption, layer) => {
      caption.textContent = result.captions[row][layer];
    });
    const size = grid * grid;
    canvases.forEach((canvas, unit) => {
      const begin = (row * canvases.length + unit) * size;
      draw(canvas, frames.subarray(begin, begin + size));
    });
  }

  function showResult() {
    const result = model.get("result");
    if (timer !== null || result.serial !== model.get("controls").serial) {
      return; // overtaken: its successor is on the way
    }
    root.setAttribute("aria-busy", "false");
    if (result.error) {
      start.replaceChildren(element("p", {}, result.error));
      start.dataset.severity = "error";
      return;
    }
    title.textContent = result.title;
    start.replaceChildren(...result.start.map((text) => element("p", {}, `Start: ${text}`)));
    start.dataset.severity = result.severity;
    end.textContent = result.end;
    legend.textContent = result.legend;
    code.textContent = result.code;
    build(result);
    // A view that is at the start or at the end stays there.
    const atEnd = step.value === step.max;
    step.max = result.steps.length - 1;
    if (atEnd) {
      step.value = step.max;
    }
    showStep();
  }

  const root = element(
    "div",
    { class: "initlens-explorer", role: "group", "aria-label": "Explorer of starts" },
    form,
    words,
    element(
      "div",
      { class: "pictures" },
      element("div", {}, curve, time),
      element("div", {}, legend, layers)
    ),
    recipe
  );
  // Keys belong to the control that has the focus, not to JupyterLab's shortcuts: in its command
  // mode the arrows would change the cell, and x would cut it.
  for (const node of root.querySelectorAll("input, select, button, summary")) {
    node.dataset.lmSuppressShortcuts = "true";
  }
  el.append(root);
  step.max = 1;
  step.value = 1;
  showControls();
  showResult();
  model.on("change:controls", showControls);
  model.on("change:result", showResult);
  return () => {
    clearTimeout(timer);
    pause();
    model.off("change:controls", showControls);
    model.off("change:result", showResult);
  };
}

export default { render };
