// Tagging the whole picture: one press per tag.

export class Classification {
  constructor(place, task, base, { outbox, tags, onChange }) {
    const unsent = outbox.letters().find(([path]) => path === `${base}/tag`);
    Object.assign(this, { task, tags, canvas: null });
    tags.tag = unsent === undefined ? task.image.tag : unsent[1].body.tag;
    tags.onPick = (id) => {
      tags.tag = tags.tag === id ? null : id;
      outbox.put("PUT", `${base}/tag`, { tag: tags.tag });
      onChange();
    };
    this.render = onChange;
  }

  get empty() {
    return this.tags.tag === null;
  }

  onKey(event) {
    const tag = this.task.tags[Number(event.key) - 1];
    if (tag === undefined || event.ctrlKey || event.metaKey || event.altKey) {
      return false;
    }
    this.tags.pick(tag.id);
    return true;
  }
}
